using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Notifications;

/// <summary>Where links of what is told lead.</summary>
internal sealed record PublicAddress(string? Url);

/// <summary>
/// Makes deliveries: of a run that ended in the transaction that forgets that it did, and of one that is overdue while it goes on. The ledger takes one of each for a
/// run, a notification and an outcome, so whoever dies or looks twice, nobody is told twice.
/// </summary>
internal sealed class DeliveryMaking(EngineTransaction transactions, PublicAddress address, TimeProvider clock)
{
    /// <summary>Runs of one transaction.</summary>
    private const int Batch = 100;

    private const string Columns = "e.run_id, e.pipeline_id, e.namespace_id, n.name, p.name, e.number, e.version, e.state, e.reason, e.message, e.started_at, e.ended_at";

    private const string Ended = $"""
        select {Columns}, case when e.state = 'succeeded' then (
            select r.state from gofer.runs r where r.pipeline_id = e.pipeline_id and r.id < e.run_id and r.state in ('succeeded', 'failed') order by r.id desc limit 1) end
        from (select * from gofer.ended_runs order by run_id limit $1 for update skip locked) as e
        join gofer.pipelines p on p.id = e.pipeline_id join gofer.namespaces n on n.id = e.namespace_id
        """;

    /// <summary>Runs that go on longer than some notification allows which has not told of them.</summary>
    private const string Overdue = $"""
        select {Columns}, null from (
            select distinct r.id as run_id, r.pipeline_id, r.namespace_id, r.number, r.version, r.state, r.reason, r.message, r.started_at, r.ended_at
            from gofer.notifications o
            join gofer.pipelines h on h.namespace_id = o.namespace_id and (o.pipeline_id is null or h.id = o.pipeline_id)
            join gofer.active_runs a on a.pipeline_id = h.id and a.admitted
            join gofer.runs r on r.id = a.run_id
            where o.enabled and o.longer_than is not null and r.state = 'running' and r.started_at < now() - o.longer_than
                and not exists (select from gofer.deliveries d where d.run_id = r.id and d.notification_id = o.id and d.outcome = 'longer_than')
            limit $1) as e
        join gofer.pipelines p on p.id = e.pipeline_id join gofer.namespaces n on n.id = e.namespace_id
        """;

    /// <summary>Of runs that ended; answers how many those were.</summary>
    public Task<int> OfEndedAsync(CancellationToken cancellationToken) => transactions.RunInTimeAsync(
        async (session, token) =>
        {
            var runs = await session.ListAsync(Sql.Command(Ended, Sql.P(Batch)), Read, token);
            if (runs.Count == 0) return 0;
            var writes = new Writes();
            Write(writes, Deliveries(runs, await NotificationsAsync(session, runs, token)));
            writes.Demand(runs.Count, "delete from gofer.ended_runs where run_id = any($1)", Sql.P(runs.Select(r => r.Run).ToArray()));
            await session.CommitAsync(writes, token);
            return runs.Count;
        },
        cancellationToken);

    /// <summary>Of runs that are overdue; answers how many those were.</summary>
    public Task<int> OfOverdueAsync(CancellationToken cancellationToken) => transactions.RunInTimeAsync(
        async (session, token) =>
        {
            var runs = await session.ListAsync(Sql.Command(Overdue, Sql.P(Batch)), Read, token);
            if (runs.Count == 0) return 0;
            var writes = new Writes();
            Write(writes, Deliveries(runs, await NotificationsAsync(session, runs, token)));
            await session.CommitAsync(writes, token);
            return runs.Count;
        },
        cancellationToken);

    private static ToldRun Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetInt32(6), StateText.Parse<RunState>(row.GetString(7)),
        row.Text(8), row.Text(9), row.Maybe<DateTimeOffset>(10), row.Maybe<DateTimeOffset>(11), row.Text(12) is { } previous ? StateText.Parse<RunState>(previous) : null);

    private static Task<List<Asker>> NotificationsAsync(EngineSession session, List<ToldRun> runs, CancellationToken cancellationToken) => session.ListAsync(
        Sql.Command(
            """
            select id, namespace_id, pipeline_id, definition from gofer.notifications where enabled and pipeline_id = any($1)
            union all select id, namespace_id, pipeline_id, definition from gofer.notifications where enabled and pipeline_id is null and namespace_id = any($2)
            """,
            Sql.P(runs.Select(r => r.Pipeline).Distinct().ToArray()),
            Sql.P(runs.Select(r => r.Namespace).Distinct().ToArray())),
        row => new Asker(row.GetGuid(0), row.GetGuid(1), row.Maybe<Guid>(2), NotificationReader.ReadStored(row.GetString(3))), cancellationToken);

    private List<Made> Deliveries(List<ToldRun> runs, List<Asker> askers)
    {
        var now = clock.GetUtcNow();
        var made = new List<Made>();
        foreach (var run in runs)
        {
            foreach (var asker in askers.Where(a => a.Pipeline == run.Pipeline || (a.Pipeline is null && a.Namespace == run.Namespace)))
            {
                var took = run.StartedAt is { } started ? (run.EndedAt ?? now) - started : (TimeSpan?)null;
                foreach (var outcome in OutcomeRules.Of(asker.Definition, run.State, run.Previous, took)) made.Add(Make(run, asker, outcome, now));
            }
        }

        return made;
    }

    private Made Make(ToldRun run, Asker asker, NotificationOutcome outcome, DateTimeOffset now)
    {
        var facts = new NotificationFacts
        {
            Delivery = Guid.CreateVersion7(now),
            Notification = asker.Definition.Id,
            Outcome = outcome,
            Time = run.EndedAt ?? now,
            Namespace = run.NamespaceName,
            Pipeline = run.PipelineName,
            Run = run.Number,
            Version = run.Version,
            Reason = run.Reason,
            Message = run.Message,
            StartedAt = run.StartedAt,
            EndedAt = run.EndedAt,
            PublicUrl = address.Url,
        };
        return new Made(run, asker, outcome.Word(), facts, NotificationPayload.Of(asker.Definition.Type, facts));
    }

    private static void Write(Writes writes, List<Made> made)
    {
        if (made.Count == 0) return;
        writes.Add(
            """
            insert into gofer.deliveries (id, notification_id, notification, namespace_id, pipeline_id, run, run_id, event, outcome, body)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (run_id, notification_id, outcome) do nothing
            """,
            Sql.P(made.Select(m => m.Facts.Delivery).ToArray()),
            Sql.P(made.Select(m => m.Asker.Id).ToArray()),
            Sql.Texts(made.Select(m => m.Facts.Notification)),
            Sql.P(made.Select(m => m.Run.Namespace).ToArray()),
            Sql.P(made.Select(m => m.Run.Pipeline).ToArray()),
            Sql.P(made.Select(m => m.Run.Number).ToArray()),
            Sql.P(made.Select(m => m.Run.Run).ToArray()),
            Sql.Texts(made.Select(m => m.Facts.EventType)),
            Sql.Texts(made.Select(m => m.Outcome)),
            Sql.P(made.Select(m => m.Body).ToArray()));
    }

    private sealed record ToldRun(
        Guid Run, Guid Pipeline, Guid Namespace, string NamespaceName, string PipelineName, long Number, int Version, RunState State, string? Reason, string? Message,
        DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, RunState? Previous);

    private sealed record Asker(Guid Id, Guid Namespace, Guid? Pipeline, NotificationDefinition Definition);

    private sealed record Made(ToldRun Run, Asker Asker, string Outcome, NotificationFacts Facts, byte[] Body);
}
