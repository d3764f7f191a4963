using Npgsql;

namespace Gofer.Bench.Limit;

/// <summary>The one completer of a process: locks runs in id order, completes, frees children, claims; one round trip, one commit.</summary>
internal sealed class LimitCompleter(NpgsqlDataSource source)
{
    /// <summary>Tasks of one batch.</summary>
    public const int Batch = 500;

    private const int Worker = 1;

    /// <summary>Sequence numbers below the last claimed one that are still looked at: a commit that came late is there.</summary>
    private const long Margin = 5000;

    private long _floor;

    /// <summary>What was claimed, and how many runs ended.</summary>
    public async Task<(List<(long Run, short Task)> Claimed, long Ended)> AdvanceAsync(
        IReadOnlyList<(long Run, short Task)> done, int claim, CancellationToken cancellationToken)
    {
        await using var batch = source.CreateBatch();
        var runs = done.Select(d => d.Run).ToArray();
        if (done.Count > 0)
        {
            batch.BatchCommands.Add(Command("select 1 from run where id = any($1) order by id for no key update", new NpgsqlParameter<long[]> { TypedValue = runs }));
            batch.BatchCommands.Add(Command(
                Complete,
                new NpgsqlParameter<long[]> { TypedValue = runs },
                new NpgsqlParameter<short[]> { TypedValue = [.. done.Select(d => d.Task)] },
                new NpgsqlParameter<int> { TypedValue = Worker }));
        }

        batch.BatchCommands.Add(Command(
            Claim,
            new NpgsqlParameter<int> { TypedValue = claim },
            new NpgsqlParameter<int> { TypedValue = Worker },
            new NpgsqlParameter<long> { TypedValue = _floor }));
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        var ended = 0L;
        if (done.Count > 0)
        {
            await rows.NextResultAsync(cancellationToken);
            await rows.ReadAsync(cancellationToken);
            ended = rows.GetInt64(0);
            await rows.NextResultAsync(cancellationToken);
        }

        var claimed = new List<(long Run, short Task)>();
        var last = 0L;
        while (await rows.ReadAsync(cancellationToken))
        {
            claimed.Add((rows.GetInt64(0), rows.GetInt16(1)));
            last = Math.Max(last, rows.GetInt64(2));
        }

        _floor = claimed.Count < claim ? 0 : Math.Max(0, last - Margin);
        return (claimed, ended);
    }

    private static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    private const string Complete = """
        with done as (
            update exec e set state = 3, finished_at = now() from unnest($1, $2) as u (run_id, task)
            where e.run_id = u.run_id and e.task = u.task and e.worker = $3 and e.state = 2 returning e.run_id, e.task),
        counted as (
            update run r set remaining = r.remaining - d.n, state = case when r.remaining = d.n then 2 else r.state end,
                ended_at = case when r.remaining = d.n then now() end
            from (select run_id, count(*)::smallint as n from done group by run_id) d
            where r.id = d.run_id returning r.id, r.version_id, r.remaining),
        freed as (
            update exec e set waiting = e.waiting - k.n, state = case when e.waiting = k.n then 1 else 0 end
            from (
                select d.run_id, c.task, count(*)::smallint as n
                from done d join run r on r.id = d.run_id join task_tpl t on t.version_id = r.version_id and t.task = d.task
                cross join unnest(t.children) as c (task) group by d.run_id, c.task) k
            where e.run_id = k.run_id and e.task = k.task returning e.run_id, e.task, e.waiting),
        queued as (insert into ready (prio, vt, run_id, task) select 0, 0, run_id, task from freed where waiting = 0)
        select count(*) from counted where remaining = 0
        """;

    private const string Claim = """
        with next as (
            select prio, vt, seq from ready where (prio, vt, seq) >= (0, 0, $3) order by prio, vt, seq limit $1 for update skip locked),
        taken as (
            delete from ready r using next n where r.prio = n.prio and r.vt = n.vt and r.seq = n.seq returning r.run_id, r.task, r.seq)
        update exec e set state = 2, worker = $2, started_at = now() from taken t
        where e.run_id = t.run_id and e.task = t.task returning e.run_id, e.task, t.seq
        """;
}
