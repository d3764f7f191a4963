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
    private Task _telling = Task.CompletedTask;

    private static (short Rank, long VirtualTime, long Seq) Start => (short.MinValue, long.MinValue, long.MinValue);

    /// <summary>
    /// Deletes the rows of up to <paramref name="limit"/> tasks that the back end may run and answers the tasks, first come first. False in
    /// place of them where <paramref name="demand"/>, which is sent along, does not answer true.
    /// </summary>
    public async Task<(bool Allowed, List<TaskKey> Taken)> TakeAsync(
        EngineSession session, NpgsqlBatchCommand demand, string backend, int limit, CancellationToken cancellationToken)
    {
        if (limit == 0) return (await session.ScalarAsync(demand, cancellationToken) is true, []);
        var from = _goesOn || Stopwatch.GetElapsedTime(_scanned) < 3 * _took ? _place : Start;
        _goesOn = from == Start;
        var began = Stopwatch.GetTimestamp();
        bool allowed;
        List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)> rows;
        await using (var reader = await session.ReadAsync(cancellationToken, demand, Command(backend, limit, from)))
        {
            allowed = await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0);
            await reader.NextResultAsync(cancellationToken);
            rows = await ReadAsync(reader, cancellationToken);
        }

        if (from == Start) Scanned(began);
        if (!allowed) return (false, []);
        if (rows.Count < limit && from != Start)
        {
            began = Stopwatch.GetTimestamp();
            await using var reader = await session.ReadAsync(cancellationToken, Command(backend, limit - rows.Count, Start));
            rows.AddRange(await ReadAsync(reader, cancellationToken));
            Scanned(began);
        }

        rows.Sort((a, b) => a.Place.CompareTo(b.Place));
        // A transaction that fails gives its rows back in front of the place; the next look at the whole queue finds them.
        _place = rows.Count == limit ? rows[^1].Place : Start;
        if (rows.Count > 0) _reached = Math.Max(_reached, rows.Max(r => r.Place.VirtualTime));
        return (true, rows.ConvertAll(r => r.Key));
    }

    /// <summary>
    /// Says from time to time where the queue has come to, by which namespaces that were idle find their place. It is not waited for: late or
    /// lost, it costs a namespace some tasks of another one that it would have gone before or behind, and is said again with what is reached next.
    /// </summary>
    public void Tell()
    {
        if (_reached <= _told || Stopwatch.GetElapsedTime(_toldAt) < s_tell || !_telling.IsCompleted) return;
        (_told, _toldAt) = (_reached, Stopwatch.GetTimestamp());
        _telling = TellAsync(_told);
    }

    private async Task TellAsync(long reached)
    {
        try
        {
            await using var command = source.CreateCommand("update gofer.queue_floor set virtual_time = $1 where virtual_time < $1");
            command.Parameters.Add(Sql.P(reached));
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException)
        {
            // told again with what is reached next
        }
    }

    private static NpgsqlBatchCommand Command(string backend, int limit, (short Rank, long VirtualTime, long Seq) from) =>
        Sql.Command(Take, Sql.P(limit), Sql.P(backend), Sql.P(from.Rank), Sql.P(from.VirtualTime), Sql.P(from.Seq));

    private static async Task<List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)>> ReadAsync(
        NpgsqlDataReader rows, CancellationToken cancellationToken)
    {
        var taken = new List<(TaskKey, (short, long, long))>();
        while (await rows.ReadAsync(cancellationToken))
        {
            taken.Add((new TaskKey(new Domain.Common.RunId(rows.GetGuid(0)), rows.GetInt32(1)), (rows.GetInt16(2), rows.GetInt64(3), rows.GetInt64(4))));
        }

        return taken;
    }

    private void Scanned(long began) => (_scanned, _took) = (Stopwatch.GetTimestamp(), Stopwatch.GetElapsedTime(began));
}
