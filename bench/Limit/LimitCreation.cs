using Npgsql;

namespace Gofer.Bench.Limit;

/// <summary>Creates runs: number from the head's row, run, executions from the template, queue rows of the roots; one statement, one commit.</summary>
internal sealed class LimitCreation(NpgsqlDataSource source)
{
    /// <summary>The ids of <paramref name="count"/> new runs.</summary>
    public async Task<List<long>> CreateAsync(int pipeline, Dag dag, int count, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            with head as (update head set last_run = last_run + $2 where pipeline = $1 returning last_run - $2 as before),
            new as (
                insert into run (pipeline, number, version_id, state, remaining)
                select $1, before + n, $1, 1, $3 from head, generate_series(1, $2) as n returning id),
            tasks as (
                insert into exec (run_id, task, state, waiting)
                select new.id, t.task, case when t.indeg = 0 then 1 else 0 end, t.indeg from new, task_tpl t where t.version_id = $1),
            queued as (
                insert into ready (prio, vt, run_id, task) select 0, 0, new.id, t.task from new, task_tpl t where t.version_id = $1 and t.indeg = 0)
            select id from new
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pipeline });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)dag.Count });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<long>(count);
        while (await rows.ReadAsync(cancellationToken)) ids.Add(rows.GetInt64(0));
        return ids;
    }

    /// <summary>Wakes the worker, after the commit and apart from it.</summary>
    public async Task NotifyAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("notify limit_ready");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
