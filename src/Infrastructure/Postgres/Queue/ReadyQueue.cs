using System.Diagnostics;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Takes ready tasks in their order. A claimer goes on from where it came to, so that rows which were claimed before and cannot be cleaned
/// away yet, as while somebody holds an old snapshot open, are not walked over each time. It looks at the whole queue at every other claim at
/// most, after three times the time that the last such look took, and whenever it comes up short: what came in before its place, as a
/// namespace's first task behind ten thousand of another does, is found by the second claim, or costs a quarter of the claimer's time.
/// </summary>
internal sealed class ReadyQueue(NpgsqlDataSource source)
{
    private static readonly TimeSpan s_tell = TimeSpan.FromMilliseconds(100);

    private const string Take =
        """
        with next as (
            select rank, virtual_time, seq from gofer.ready_tasks where (backend is null or backend = $2) and (rank, virtual_time, seq) > ($3, $4, $5)
            order by rank, virtual_time, seq limit $1 for update skip locked)
        delete from gofer.ready_tasks r using next n
        where r.rank = n.rank and r.virtual_time = n.virtual_time and r.seq = n.seq
        returning r.run_id, r.task, r.rank, r.virtual_time, r.seq
        """;

    private (short Rank, long VirtualTime, long Seq) _place = Start;
    private long _scanned;
    private TimeSpan _took;
    private bool _goesOn;
    private long _reached;
    private long _told;
    private long _toldAt;

    private static (short Rank, long VirtualTime, long Seq) Start => (short.MinValue, long.MinValue, long.MinValue);

    /// <summary>Deletes the rows of up to <paramref name="limit"/> tasks that the back end may run and answers the tasks, first come first.</summary>
    public async Task<List<TaskKey>> TakeAsync(NpgsqlConnection connection, string backend, int limit, CancellationToken cancellationToken)
    {
        var from = _goesOn || Stopwatch.GetElapsedTime(_scanned) < 3 * _took ? _place : Start;
        _goesOn = from == Start;
        var rows = from == Start
            ? await ScanAsync(connection, backend, limit, cancellationToken)
            : await TakeAsync(connection, backend, limit, from, cancellationToken);
        if (rows.Count < limit && from != Start) rows.AddRange(await ScanAsync(connection, backend, limit - rows.Count, cancellationToken));

        rows.Sort((a, b) => a.Place.CompareTo(b.Place));
        // A transaction that fails gives its rows back in front of the place; the next look at the whole queue finds them.
        _place = rows.Count == limit ? rows[^1].Place : Start;
        if (rows.Count > 0) _reached = Math.Max(_reached, rows.Max(r => r.Place.VirtualTime));
        return rows.ConvertAll(r => r.Key);
    }

    /// <summary>
    /// Says from time to time where the queue has come to, by which namespaces that were idle find their place. Late or lost, it costs a
    /// namespace some tasks of another one that it would have gone before or behind.
    /// </summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        if (_reached <= _told || Stopwatch.GetElapsedTime(_toldAt) < s_tell) return;
        (_told, _toldAt) = (_reached, Stopwatch.GetTimestamp());
        await using var command = source.CreateCommand("update gofer.queue_floor set virtual_time = $1 where virtual_time < $1");
        command.Parameters.Add(Sql.P(_told));
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // told again with what is reached next; the caller must hear what was committed
        }
    }

    private async Task<List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)>> ScanAsync(
        NpgsqlConnection connection, string backend, int limit, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var rows = await TakeAsync(connection, backend, limit, Start, cancellationToken);
        (_scanned, _took) = (Stopwatch.GetTimestamp(), Stopwatch.GetElapsedTime(began));
        return rows;
    }

    private static async Task<List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)>> TakeAsync(
        NpgsqlConnection connection, string backend, int limit, (short Rank, long VirtualTime, long Seq) from, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Take, connection);
        command.Parameters.Add(Sql.P(limit));
        command.Parameters.Add(Sql.P(backend));
        command.Parameters.Add(Sql.P(from.Rank));
        command.Parameters.Add(Sql.P(from.VirtualTime));
        command.Parameters.Add(Sql.P(from.Seq));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var taken = new List<(TaskKey, (short, long, long))>();
        while (await rows.ReadAsync(cancellationToken))
        {
            taken.Add((new TaskKey(new Domain.Common.RunId(rows.GetGuid(0)), rows.GetInt32(1)), (rows.GetInt16(2), rows.GetInt64(3), rows.GetInt64(4))));
        }

        return taken;
    }
}
