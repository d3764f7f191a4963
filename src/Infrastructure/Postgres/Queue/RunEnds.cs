using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Tells the triggers that follow a pipeline of each run of it that ends, and sets it down where a notification asks, in the transaction that ends it: no end is
/// told of twice, and none is lost. Where no trigger follows anything and nobody asks, those are looks into empty indexes.
/// </summary>
internal static class RunEnds
{
    private const string Statement = """
        with told as (
            insert into gofer.trigger_events (id, namespace_id, pipeline_id, trigger_id, trigger, kind, body)
            select gofer.uuid_v7(), t.namespace_id, t.pipeline_id, t.id, t.name, 'pipeline', convert_to(json_build_object(
                'namespace', n.name, 'pipeline', p.name, 'run', u.number, 'version', u.version, 'state', u.state, 'reason', u.reason)::text, 'UTF8')
            from unnest($1, $2, $3, $4, $5) as u (pipeline_id, number, version, state, reason)
            join gofer.pipelines p on p.id = u.pipeline_id join gofer.namespaces n on n.id = p.namespace_id
            join gofer.triggers t on t.upstream_namespace = n.name and t.upstream_pipeline = p.name
            where (select exists (select from gofer.triggers where upstream_pipeline is not null)) and t.enabled and u.state = any(t.upstream_states)
            returning id, trigger_id)
        insert into gofer.open_trigger_events (event_id, trigger_id) select id, trigger_id from told
        """;

    private const string Asked = """
        insert into gofer.ended_runs (run_id, pipeline_id, namespace_id, number, version, state, reason, message, started_at, ended_at)
        select u.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as u (run_id, pipeline_id, namespace_id, number, version, state, reason, message, started_at, ended_at)
        where (select exists (select from gofer.notifications)) and (
            exists (select from gofer.notifications n where n.enabled and n.pipeline_id = u.pipeline_id)
            or exists (select from gofer.notifications n where n.enabled and n.pipeline_id is null and n.namespace_id = u.namespace_id))
        on conflict do nothing
        """;

    /// <summary>Adds the statements where any of the runs has ended now.</summary>
    public static void Tell(Writes writes, List<LoadedRun> runs)
    {
        var ended = runs.Where(r => r.Run.State.IsFinal() && r.Run.NewEvents.Count > 0).ToList();
        if (ended.Count == 0) return;
        writes.Add(
            Statement,
            Sql.P(ended.Select(r => r.Pipeline.Value).ToArray()),
            Sql.P(ended.Select(r => r.Number).ToArray()),
            Sql.P(ended.Select(r => r.Version).ToArray()),
            Sql.Texts(ended.Select(r => StateText.Of(r.Run.State))),
            Sql.Texts(ended.Select(r => r.Run.Reason)));
        writes.Add(
            Asked,
            Sql.P(ended.Select(r => r.Id.Value).ToArray()),
            Sql.P(ended.Select(r => r.Pipeline.Value).ToArray()),
            Sql.P(ended.Select(r => r.Namespace.Value).ToArray()),
            Sql.P(ended.Select(r => r.Number).ToArray()),
            Sql.P(ended.Select(r => r.Version).ToArray()),
            Sql.Texts(ended.Select(r => StateText.Of(r.Run.State))),
            Sql.Texts(ended.Select(r => r.Run.Reason)),
            Sql.Texts(ended.Select(r => r.Run.Message)),
            Sql.P(ended.Select(r => r.Run.StartedAt).ToArray()),
            Sql.P(ended.Select(r => r.Run.EndedAt).ToArray()));
    }
}
