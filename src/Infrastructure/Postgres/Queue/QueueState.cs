using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Reads the queue for people who ask why something waits.</summary>
internal sealed class QueueState(NpgsqlDataSource source) : IQueueState
{
    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<int, (LimitView Limit, IReadOnlyList<HolderView> HeldBy)>> HeldAsync(
        RunId run, int most, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select h.task, case l.kind when 'install' then 'install' when 'namespace' then 'namespace' else 'concurrency ' || l.key end,
                case l.kind when 'install' then (select i.task_limit from gofer.install i)
                    when 'namespace' then (select n.task_limit from gofer.namespaces n where n.id = l.namespace_id) else l.number end,
                array(select p.name || ' ' || r.number from gofer.slots s join gofer.runs r on r.id = s.run_id join gofer.pipelines p on p.id = r.pipeline_id
                    where s.limit_id = l.id and r.namespace_id = me.namespace_id group by p.name, r.number order by p.name, r.number limit $2)
            from gofer.held_tasks h join gofer.limits l on l.id = h.limit_id join gofer.runs me on me.id = h.run_id where h.run_id = $1
            """);
        command.Parameters.Add(Sql.P(run.Value));
        command.Parameters.Add(Sql.P(most));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var held = new Dictionary<int, (LimitView, IReadOnlyList<HolderView>)>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var holders = rows.GetFieldValue<string[]>(3).Select(Holder).ToList();
            held[rows.GetInt32(0)] = (new LimitView(rows.GetString(1), rows.GetInt32(2)), holders);
        }

        return held;
    }

    /// <inheritdoc/>
    public async Task<(long Workers, long Busy)> WorkersAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select (select count(*) from gofer.workers where lease_until > now()),
                (select count(*) from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id where e.worker_id is not null)
            """);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    /// <inheritdoc/>
    public async Task<long?> AheadAsync(RunId run, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select (select count(*) from gofer.ready_tasks q where (q.rank, q.virtual_time, q.seq) < (m.rank, m.virtual_time, m.seq))
            from gofer.ready_tasks m where m.run_id = $1 order by m.rank, m.virtual_time, m.seq limit 1
            """);
        command.Parameters.Add(Sql.P(run.Value));
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    private static HolderView Holder(string text)
    {
        var space = text.LastIndexOf(' ');
        return new HolderView(text[..space], long.Parse(text[(space + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
