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

    /// <summary>
    /// Deletes rows and remembers their tasks for the statements behind it, which so need no round trip of their own; takes fewer by those that
    /// were taken before it.
    /// </summary>
    private const string Take =
        """
        with next as (
            select rank, virtual_time, seq from gofer.ready_tasks where (backend is null or backend = $2) and (rank, virtual_time, seq) > ($3, $4, $5)
            order by rank, virtual_time, seq limit $1 - cardinality(current_setting('gofer.taken_runs')::uuid[]) for update skip locked),
        gone as (
            delete from gofer.ready_tasks r using next n
            where r.rank = n.rank and r.virtual_time = n.virtual_time and r.seq = n.seq
            returning r.run_id, r.task, r.rank, r.virtual_time, r.seq)
        select run_id, task, rank, virtual_time, seq, (
            select 0 * length(
                set_config('gofer.taken_runs', (current_setting('gofer.taken_runs')::uuid[] || array_agg(run_id))::text, true)
                || set_config('gofer.taken_tasks', (current_setting('gofer.taken_tasks')::integer[] || array_agg(task))::text, true))
                + extract(epoch from clock_timestamp() - statement_timestamp())::double precision from gone)
        from gone
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

    /// <summary>A look at the queue for up to <paramref name="limit"/> tasks that the back end may run.</summary>
    public QueueLook Look(string backend, int limit)
    {
        if (limit == 0) return new QueueLook(0, false, []);
        var from = _goesOn || Stopwatch.GetElapsedTime(_scanned) < 3 * _took ? _place : Start;
        _goesOn = from == Start;
        return from == Start
            ? new QueueLook(limit, true, [Command(backend, limit, Start)])
            : new QueueLook(limit, false, [Command(backend, limit, from), Command(backend, limit, Start)]);
    }

    /// <summary>The tasks that were taken, first come first; the reader stands at the answers of the look's statements and is left behind them.</summary>
    public async Task<List<TaskKey>> ReadAsync(QueueLook look, NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        if (look.Limit == 0) return [];
        var rows = new List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)>();
        var took = await ReadAsync(reader, rows, cancellationToken);
        var whole = look.FromStart || rows.Count < look.Limit;
        if (!look.FromStart) took = await ReadAsync(reader, rows, cancellationToken);
        if (whole) (_scanned, _took) = (Stopwatch.GetTimestamp(), took);

        rows.Sort((a, b) => a.Place.CompareTo(b.Place));
        // A transaction that fails gives its rows back in front of the place; the next look at the whole queue finds them.
        _place = rows.Count == look.Limit ? rows[^1].Place : Start;
        if (rows.Count > 0) _reached = Math.Max(_reached, rows.Max(r => r.Place.VirtualTime));
        return rows.ConvertAll(r => r.Key);
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

    /// <summary>How long the server looked; the reader is left at what comes after.</summary>
    private static async Task<TimeSpan> ReadAsync(
        NpgsqlDataReader reader, List<(TaskKey Key, (short Rank, long VirtualTime, long Seq) Place)> rows, CancellationToken cancellationToken)
    {
        var took = TimeSpan.Zero;
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((new TaskKey(new Domain.Common.RunId(reader.GetGuid(0)), reader.GetInt32(1)), (reader.GetInt16(2), reader.GetInt64(3), reader.GetInt64(4))));
            took = TimeSpan.FromSeconds(reader.GetDouble(5));
        }

        await reader.NextResultAsync(cancellationToken);
        return took;
    }
}

/// <summary>Statements that take tasks from the queue: from its start, or from a place on and, where that gives fewer than asked, from the start too.</summary>
internal sealed record QueueLook(int Limit, bool FromStart, IReadOnlyList<NpgsqlBatchCommand> Statements);
