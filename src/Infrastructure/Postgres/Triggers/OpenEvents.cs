using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>An event of which nothing was decided, with its trigger as it is now.</summary>
internal sealed record OpenEvent
{
    /// <summary>
    /// Takes the right to decide, in a statement before the one that reads: what is read by the statement that takes a lock may be older than the lock, and decided by
    /// whoever had it until then.
    /// </summary>
    private const string Take = "select pg_try_advisory_xact_lock(hashtext('gofer.trigger_events'))";

    /// <summary>
    /// The open events, oldest first, but those that wait; of these the first of each trigger of which no run is left. The advisory lock lets one decide at a time: so what a
    /// trigger's events see of each other is what their order says. Events of a backfill whose pipeline is paused stay open: they are no reason for its times to be lost, and
    /// must not stand before others.
    /// </summary>
    private const string Find = """
        with fresh as (
            select o.event_id, o.waits from gofer.open_trigger_events o where not o.waits and (o.backfill_id is null or not exists (
                select from gofer.backfills b join gofer.pipeline_heads h on h.pipeline_id = b.pipeline_id
                where b.id = o.backfill_id and b.state in ('running', 'paused') and h.paused))
            order by o.event_id limit $1),
        heads as (
            select w.event_id, true as waits from (
                select distinct on (o.trigger_id) o.event_id, o.trigger_id from gofer.open_trigger_events o where o.waits order by o.trigger_id, o.event_id) as w
            where not exists (select from gofer.active_runs a where a.trigger_id = w.trigger_id and a.backfill_id is null) limit $1)
        select e.id, e.namespace_id, e.pipeline_id, e.trigger_id, e.trigger, e.kind, e.scheduled_for, e.headers::text, e.body, e.dedupe_keys, e.params::text, e.version,
            o.waits, t.definition, t.enabled, e.backfill_id
        from (select * from fresh union all select * from heads) as o join gofer.trigger_events e on e.id = o.event_id
        left join gofer.triggers t on t.id = e.trigger_id
        order by e.id
        """;

    public required Guid Id { get; init; }
    public required NamespaceId Namespace { get; init; }
    public required PipelineId Pipeline { get; init; }
    public required TriggerId Trigger { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required DateTimeOffset? ScheduledFor { get; init; }
    public required IReadOnlyDictionary<string, string>? Headers { get; init; }
    public required byte[]? Body { get; init; }
    public required string[] DedupeKeys { get; init; }
    public required IReadOnlyDictionary<string, JsonElement>? Params { get; init; }
    public required int? Version { get; init; }

    /// <summary>The backfill that it is of.</summary>
    public required BackfillId? Backfill { get; init; }

    /// <summary>Whether it waited for the end of a run.</summary>
    public required bool Waited { get; init; }

    /// <summary>What the trigger does; null where it is gone.</summary>
    public required string? Definition { get; init; }

    /// <summary>Whether the trigger is there and enabled.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Reads at most that many of either sort; none where somebody else is deciding.</summary>
    public static async Task<List<OpenEvent>> ReadAsync(EngineSession session, int limit, CancellationToken cancellationToken)
    {
        var events = new List<OpenEvent>();
        await using var rows = await session.ReadAsync(cancellationToken, Sql.Command(Take), Sql.Command(Find, Sql.P(limit)));
        if (!await rows.ReadAsync(cancellationToken) || !rows.GetBoolean(0)) return events;
        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) events.Add(Read(rows));
        return events;
    }

    private static OpenEvent Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Namespace = new NamespaceId(row.GetGuid(1)),
        Pipeline = new PipelineId(row.GetGuid(2)),
        Trigger = new TriggerId(row.GetGuid(3)),
        Name = row.GetString(4),
        Kind = row.GetString(5),
        ScheduledFor = row.Maybe<DateTimeOffset>(6),
        Headers = row.Text(7) is { } headers ? TextMap.Read(headers) : null,
        Body = row.IsDBNull(8) ? null : row.GetFieldValue<byte[]>(8),
        DedupeKeys = row.IsDBNull(9) ? [] : row.GetFieldValue<string[]>(9),
        Params = row.Text(10) is { } given ? JsonMap.Read(given) : null,
        Version = row.Maybe<int>(11),
        Waited = row.GetBoolean(12),
        Definition = row.Text(13),
        Enabled = !row.IsDBNull(14) && row.GetBoolean(14),
        Backfill = row.Maybe<Guid>(15) is { } backfill ? new BackfillId(backfill) : null,
    };
}

/// <summary>The runs of triggers that have not ended, but for those of backfills: past times hold back none that comes now.</summary>
internal sealed class TriggerRuns
{
    private readonly Dictionary<TriggerId, List<(RunId Run, bool Ending)>> _runs = [];
    private readonly HashSet<TriggerId> _waiting = [];
    private readonly HashSet<TriggerId> _ran = [];

    /// <summary>Reads them for those triggers, oldest first; under the locks of their pipelines' heads no more of them come.</summary>
    public static async Task<TriggerRuns> ReadAsync(EngineSession session, IReadOnlyCollection<TriggerId> triggers, CancellationToken cancellationToken)
    {
        var state = new TriggerRuns();
        if (triggers.Count == 0) return state;
        var ids = triggers.Select(t => t.Value).ToArray();
        var rows = await session.ListAsync(
            Sql.Command(
                """
                select a.trigger_id, a.run_id, r.cancel_requested_at is not null from gofer.active_runs a join gofer.runs r on r.id = a.run_id
                where a.trigger_id = any($1) and a.backfill_id is null order by a.number
                """,
                Sql.P(ids)),
            row => (Trigger: new TriggerId(row.GetGuid(0)), Run: new RunId(row.GetGuid(1)), Ending: row.GetBoolean(2)), cancellationToken);
        foreach (var group in rows.GroupBy(r => r.Trigger)) state._runs[group.Key] = [.. group.Select(r => (r.Run, r.Ending))];
        var waiting = await session.ListAsync(
            Sql.Command("select distinct trigger_id from gofer.open_trigger_events where waits and trigger_id = any($1)", Sql.P(ids)),
            row => new TriggerId(row.GetGuid(0)), cancellationToken);
        state._waiting.UnionWith(waiting);
        return state;
    }

    /// <summary>What becomes of an event that would run.</summary>
    public Overlap Decide(OpenEvent e, OverlapPolicy policy)
    {
        // One at a time where they hold each other back: what comes of the first is known in the next pass.
        if (_ran.Contains(e.Trigger)) return new Overlap(OverlapOutcome.Later);
        var active = _runs.GetValueOrDefault(e.Trigger, []);
        var outcome = policy switch
        {
            OverlapPolicy.Skip when active.Count > 0 => OverlapOutcome.Overlapped,
            OverlapPolicy.Queue when active.Count > 0 || (_waiting.Contains(e.Trigger) && !e.Waited) => OverlapOutcome.Waits,
            OverlapPolicy.QueueOne when _waiting.Contains(e.Trigger) && !e.Waited => OverlapOutcome.Overlapped,
            OverlapPolicy.QueueOne when active.Count > 0 => OverlapOutcome.Waits,
            _ => OverlapOutcome.Runs,
        };
        if (outcome == OverlapOutcome.Waits) _waiting.Add(e.Trigger);
        if (outcome != OverlapOutcome.Runs) return new Overlap(outcome);
        _ran.Add(e.Trigger);
        return policy == OverlapPolicy.CancelOldest && active.FirstOrDefault(r => !r.Ending) is { Run: var oldest } && active.Any(r => !r.Ending)
            ? new Overlap(outcome) { Replaces = [oldest] }
            : new Overlap(outcome);
    }
}

/// <summary>What other runs of a trigger make of an event.</summary>
internal enum OverlapOutcome
{
    Runs,
    Waits,
    Overlapped,
    Later,
}

/// <inheritdoc cref="OverlapOutcome"/>
internal sealed record Overlap(OverlapOutcome Outcome)
{
    /// <summary>The run that is cancelled for it.</summary>
    public IReadOnlyList<RunId> Replaces { get; init; } = [];
}
