using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>
/// Makes an event of each scheduled time that is due. The trigger's row is locked, its next time moves in the transaction that inserts the events, and the table
/// takes a scheduled time once: whoever dies in between, each time becomes one event.
/// </summary>
internal sealed partial class TriggerTicks(EngineTransaction transactions, IOptions<TriggerOptions> options, TimeProvider clock, ILogger<TriggerTicks> logger)
{
    /// <summary>Triggers of one transaction.</summary>
    private const int Batch = 50;

    /// <summary>Times of one trigger in one transaction; the rest in the next.</summary>
    private const int Times = 500;

    /// <summary>How long a trigger is left alone that cannot be planned.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Handles what is due; answers how many triggers that were.</summary>
    public Task<int> RunAsync(CancellationToken cancellationToken) => transactions.RunInTimeAsync(TickAsync, cancellationToken);

    private async Task<int> TickAsync(EngineSession session, CancellationToken cancellationToken)
    {
        var due = await session.ListAsync(
            Sql.Command(
                """
                select id, namespace_id, pipeline_id, name, definition, next_at, now() from gofer.triggers
                where due_at <= now() order by due_at limit $1 for no key update skip locked
                """,
                Sql.P(Batch)),
            row => new Due(
                row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetString(4), row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6)),
            cancellationToken);
        if (due.Count == 0) return 0;
        var planned = due.ConvertAll(d => (Due: d, Plan: PlanOf(d)));
        var writes = new Writes();
        Insert(writes, [.. planned.SelectMany(p => p.Plan.Times.Select(t => (p.Due, t.ScheduledFor, t.Fires, p.Plan.CatchUp)))]);
        writes.Demand(
            due.Count,
            "update gofer.triggers t set next_at = u.next_at, due_at = u.due_at from unnest($1, $2, $3) as u (id, next_at, due_at) where t.id = u.id",
            Sql.P(planned.Select(p => p.Due.Id).ToArray()),
            Sql.P(planned.Select(p => p.Plan.Next).ToArray()),
            Sql.P(planned.Select(p => p.Plan.DueAt).ToArray()));
        // A crash before the commit costs nothing: the next pass finds the same times due.
        await session.CommitAsync(writes, cancellationToken);
        return due.Count;
    }

    private Plan PlanOf(Due due)
    {
        try
        {
            var schedule = TriggerReader.ReadStored(due.Definition).Schedule ?? throw new InvalidDataException("It has no schedule.");
            var pass = CatchUp.Decide(schedule.NextAfter, due.NextAt, due.Now, schedule.CatchUp, options.Value.Grace + schedule.Jitter, Times);
            return new Plan(pass.Times, pass.Next, pass.Next is { } next ? next + Jitter.Of(due.Id, next, schedule.Jitter) : null, schedule.CatchUp.ToString());
        }
        // One trigger that cannot be planned (a zone that this machine does not know any more) holds up no other.
        catch (Exception e) when (e is InvalidDataException or TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            Log.NotPlanned(logger, due.Name, e.Message);
            return new Plan([], due.NextAt, due.Now + s_patience, "");
        }
    }

    private void Insert(Writes writes, List<(Due Due, DateTimeOffset ScheduledFor, bool Fires, string CatchUp)> events)
    {
        if (events.Count == 0) return;
        var now = clock.GetUtcNow();
        writes.Add(
            """
            with made as (
                insert into gofer.trigger_events (id, namespace_id, pipeline_id, trigger_id, trigger, kind, scheduled_for, decision, reason, decided_at)
                select id, namespace_id, pipeline_id, trigger_id, trigger, 'schedule', scheduled_for, case when not fires then 'missed' end,
                    case when not fires then 'The time passed while nothing could fire it, and catch_up is ' || catch_up || '.' end, case when not fires then now() end
                from unnest($1, $2, $3, $4, $5, $6, $7, $8) as u (id, namespace_id, pipeline_id, trigger_id, trigger, scheduled_for, fires, catch_up)
                on conflict do nothing returning id, trigger_id, decision)
            insert into gofer.open_trigger_events (event_id, trigger_id) select id, trigger_id from made where decision is null
            """,
            Sql.P(events.Select(_ => Guid.CreateVersion7(now)).Order().ToArray()),
            Sql.P(events.Select(e => e.Due.Namespace).ToArray()),
            Sql.P(events.Select(e => e.Due.Pipeline).ToArray()),
            Sql.P(events.Select(e => e.Due.Id).ToArray()),
            Sql.Texts(events.Select(e => e.Due.Name)),
            Sql.P(events.Select(e => e.ScheduledFor).ToArray()),
            Sql.P(events.Select(e => e.Fires).ToArray()),
            Sql.Texts(events.Select(e => e.CatchUp)));
    }

    private sealed record Due(Guid Id, Guid Namespace, Guid Pipeline, string Name, string Definition, DateTimeOffset NextAt, DateTimeOffset Now);

    private sealed record Plan(IReadOnlyList<(DateTimeOffset ScheduledFor, bool Fires)> Times, DateTimeOffset? Next, DateTimeOffset? DueAt, string CatchUp);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The trigger '{Trigger}' cannot be planned and is tried again in a minute: {Reason}")]
        public static partial void NotPlanned(ILogger logger, string trigger, string reason);
    }
}
