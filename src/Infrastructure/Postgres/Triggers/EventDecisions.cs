using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>
/// Decides what becomes of open events, many in one transaction: the runs, what the ledger says of them and that they are open no more are committed together, so
/// that an event makes one run or none, whoever dies. One process decides at a time.
/// </summary>
internal sealed partial class EventDecisions(
    EngineTransaction transactions, RunCreation creation, Admission admission, Notifier notifier, ILogger<EventDecisions> logger)
{
    /// <summary>Events of one transaction.</summary>
    private const int Batch = 200;

    /// <summary>How often a single event may fail before it is set aside.</summary>
    private const int Patience = 3;

    private readonly Dictionary<string, TriggerDefinition> _definitions = new(StringComparer.Ordinal);
    private int _limit = Batch;
    private int _failures;

    /// <summary>Decides what is open; answers how many events that were.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (decided, creationOf) = await transactions.RunInTimeAsync(DecideAsync, cancellationToken);
            (_limit, _failures) = (_failures > 0 ? 1 : Batch, 0);
            if (creationOf is not null) await TellAsync(creationOf, cancellationToken);
            return decided;
        }
        // What the database does not take whole it is offered one by one, so that an event that it will never take holds up no other.
        catch (PostgresException e) when (!DatabaseTrouble.IsAway(e))
        {
            if (_limit == 1 && ++_failures >= Patience)
            {
                await SetAsideAsync(e, cancellationToken);
                (_limit, _failures) = (Batch, 0);
                return 1;
            }

            _limit = 1;
            throw;
        }
    }

    private async Task<(int Decided, Creation? Creation)> DecideAsync(EngineSession session, CancellationToken cancellationToken)
    {
        var events = await OpenEvent.ReadAsync(session, _limit, cancellationToken);
        if (events.Count == 0) return (0, null);
        var verdicts = new Dictionary<Guid, Verdict>();
        var cancelled = await CancelledAsync(session, events, cancellationToken);
        var wanted = new List<(OpenEvent Event, TriggerDefinition Definition, Judgement Judged)>();
        foreach (var e in events)
        {
            if (e.Backfill is { } backfill && cancelled.Contains(backfill)) verdicts[e.Id] = new Verdict(Decisions.Cancelled, Backfill.Cancels);
            else if (Refuse(e) is { } refused) verdicts[e.Id] = refused;
            else Sort(e, DefinitionOf(e.Definition!));
        }

        void Sort(OpenEvent e, TriggerDefinition definition)
        {
            var judged = Judge(e, definition);
            if (judged.Decision is { } decision) verdicts[e.Id] = new Verdict(decision, judged.Reason);
            else wanted.Add((e, definition, judged));
        }

        await DeduplicateAsync(session, wanted, verdicts, cancellationToken);
        wanted.RemoveAll(w => verdicts.ContainsKey(w.Event.Id));
        var orders = await OrderAsync(session, wanted, verdicts, cancellationToken);
        var made = new Dictionary<Guid, RunRow>();
        var created = await creation.CreateAsync(
            session, [.. orders.Select(o => Order(o.Event, o.Definition, o.Judged, o.Replaces, made))],
            (writes, answers) =>
            {
                for (var i = 0; i < orders.Count; i++)
                {
                    // A pipeline that was paused just now keeps no time of a backfill from being run: its event stays open.
                    if (orders[i].Event.Backfill is not null && answers[i].Error?.Code == ErrorCodes.PipelinePaused) continue;
                    verdicts[orders[i].Event.Id] = Of(answers[i], orders[i].Event, made);
                }

                Write(writes, verdicts);
            },
            cancellationToken);
        return (verdicts.Count, created);
    }

    /// <summary>
    /// Those of the events' backfills that were cancelled, or are gone. The locks hold until the runs are committed: whoever cancels one waits for them and finds its runs, and
    /// whoever has cancelled it is seen here.
    /// </summary>
    private static async Task<HashSet<BackfillId>> CancelledAsync(EngineSession session, List<OpenEvent> events, CancellationToken cancellationToken)
    {
        var backfills = events.Select(e => e.Backfill).OfType<BackfillId>().ToHashSet();
        if (backfills.Count == 0) return backfills;
        var held = await session.ListAsync(
            Sql.Command("select id, state from gofer.backfills where id = any($1) order by id for share", Sql.P(backfills.Select(b => b.Value).ToArray())),
            row => (Id: new BackfillId(row.GetGuid(0)), State: StateText.Parse<BackfillState>(row.GetString(1))), cancellationToken);
        backfills.ExceptWith(held.Where(b => b.State is BackfillState.Running or BackfillState.Paused).Select(b => b.Id));
        return backfills;
    }

    /// <summary>What needs no look at what came.</summary>
    private static Verdict? Refuse(OpenEvent e)
    {
        if (e.Definition is null) return new Verdict(Decisions.Disabled, "The trigger was deleted.");
        return e.Enabled || EventKinds.IsAsked(e.Kind) ? null : new Verdict(Decisions.Disabled, "The trigger is disabled.");
    }

    private static Judgement Judge(OpenEvent e, TriggerDefinition definition)
    {
        var content = EventJudge.Content(e.Headers, e.Body, e.ScheduledFor);
        // Who fires it by hand, or asks for past times, shows nothing that could be filtered.
        return EventJudge.Judge(e.Kind is EventKinds.Manual or EventKinds.Backfill ? definition with { Hook = null } : definition, content, e.Params);
    }

    private TriggerDefinition DefinitionOf(string text)
    {
        if (_definitions.TryGetValue(text, out var known)) return known;
        if (_definitions.Count >= 1000) _definitions.Clear();
        return _definitions[text] = TriggerReader.ReadStored(text);
    }

    /// <summary>Takes the keys of the events; one whose key another event has already is that one again.</summary>
    private static async Task DeduplicateAsync(
        EngineSession session, List<(OpenEvent Event, TriggerDefinition Definition, Judgement Judged)> wanted, Dictionary<Guid, Verdict> verdicts, CancellationToken cancellationToken)
    {
        // Whoever waited took its keys before it did.
        var keyed = wanted.Where(w => !w.Event.Waited)
            .SelectMany(w => w.Event.DedupeKeys.Select(k => (w.Event, Key: k, Window: EventKeys.WindowOf(k, w.Definition)))).ToList();
        if (keyed.Count == 0) return;
        var first = keyed.GroupBy(k => (k.Event.Trigger, k.Key)).Select(g => g.First()).OrderBy(k => k.Event.Trigger.Value).ThenBy(k => k.Key, StringComparer.Ordinal).ToList();
        var held = await session.ListAsync(
            Sql.Command(
                """
                insert into gofer.trigger_keys as k (trigger_id, key, event_id, expires_at)
                select trigger_id, key, event_id, now() + span from unnest($1, $2, $3, $4) as u (trigger_id, key, event_id, span)
                on conflict (trigger_id, key) do update set event_id = case when k.expires_at <= now() then excluded.event_id else k.event_id end,
                    expires_at = case when k.expires_at <= now() then excluded.expires_at else k.expires_at end
                returning trigger_id, key, event_id
                """,
                Sql.P(first.Select(k => k.Event.Trigger.Value).ToArray()), Sql.Texts(first.Select(k => k.Key)),
                Sql.P(first.Select(k => k.Event.Id).ToArray()), Sql.P(first.Select(k => k.Window).ToArray())),
            row => (Trigger: new TriggerId(row.GetGuid(0)), Key: row.GetString(1), Event: row.GetGuid(2)), cancellationToken);
        var holders = held.ToDictionary(h => (h.Trigger, h.Key), h => h.Event);
        foreach (var (e, key, _) in keyed)
        {
            if (holders[(e.Trigger, key)] is var holder && holder != e.Id)
            {
                verdicts.TryAdd(e.Id, new Verdict(Decisions.Deduplicated, EventKeys.Explain(key)) { DuplicateOf = holder });
            }
        }
    }

    /// <summary>What of it runs now, by the overlap policies: under the locks of the pipelines' heads, since the runs that have not ended are counted.</summary>
    private static async Task<List<(OpenEvent Event, TriggerDefinition Definition, Judgement Judged, IReadOnlyList<RunId> Replaces)>> OrderAsync(
        EngineSession session, List<(OpenEvent Event, TriggerDefinition Definition, Judgement Judged)> wanted, Dictionary<Guid, Verdict> verdicts, CancellationToken cancellationToken)
    {
        var exclusive = wanted.Where(w => Overlaps(w.Event, w.Definition) != OverlapPolicy.Allow).ToList();
        if (exclusive.Count > 0) await CreationHead.LockAsync(session, [.. wanted.Select(w => w.Event.Pipeline).Distinct()], cancellationToken);
        var runs = await TriggerRuns.ReadAsync(session, [.. exclusive.Select(w => w.Event.Trigger).Distinct()], cancellationToken);
        var orders = new List<(OpenEvent, TriggerDefinition, Judgement, IReadOnlyList<RunId>)>();
        foreach (var (e, definition, judged) in wanted)
        {
            var policy = Overlaps(e, definition);
            var overlap = policy == OverlapPolicy.Allow ? new Overlap(OverlapOutcome.Runs) : runs.Decide(e, policy);
            switch (overlap.Outcome)
            {
                case OverlapOutcome.Runs:
                    orders.Add((e, definition, judged, overlap.Replaces));
                    break;
                case OverlapOutcome.Waits:
                    verdicts[e.Id] = Verdict.Waits;
                    break;
                case OverlapOutcome.Overlapped:
                    verdicts[e.Id] = new Verdict(Decisions.Overlapped, $"A run of the trigger had not ended, and its overlap is {TriggerReader.Of(policy)}.");
                    break;
            }
        }

        return orders;
    }

    private static OverlapPolicy Overlaps(OpenEvent e, TriggerDefinition definition) => EventKinds.IsAsked(e.Kind) ? OverlapPolicy.Allow : definition.Overlap;

    private static CreateOrder Order(OpenEvent e, TriggerDefinition definition, Judgement judged, IReadOnlyList<RunId> replaces, Dictionary<Guid, RunRow> made)
    {
        var (version, reason) = e.Version is { } asked ? (asked, VersionReasons.Pinned)
            : definition.Version is { } pinned ? ((int?)pinned, VersionReasons.TriggerOverride) : (null, VersionReasons.Live);
        var run = new NewRun(version, EventJudge.Variables(judged, e.Name, e.Id, e.ScheduledFor), new Dictionary<string, string>())
        {
            Params = judged.Params,
            // What is past can wait for what comes now.
            Priority = e.Backfill is null ? null : -DocumentLimits.Default.Priority,
            Trigger = new TriggerOrigin(e.Trigger, e.Name, reason) { Backfill = e.Backfill },
        };
        return new CreateOrder(e.Namespace, e.Pipeline, [run], null, rows =>
        {
            made[e.Id] = rows.Single();
            return new StoredAnswer(201, null, "");
        })
        {
            Supersedes = replaces,
        };
    }

    private static Verdict Of(Result<CreateAnswer> answer, OpenEvent e, Dictionary<Guid, RunRow> made)
    {
        if (answer.IsOk) return new Verdict(Decisions.Ran, null) { Run = made[e.Id].Number, Version = made[e.Id].Version };
        return answer.Error.Code == ErrorCodes.PipelinePaused
            ? new Verdict(Decisions.Paused, "The pipeline was paused.")
            : new Verdict(Decisions.Failed, Words(answer.Error));
    }

    private static string Words(Error error) => error.Faults is { Count: > 0 } faults ? string.Join(' ', faults.Take(5).Select(f => f.Message)) : error.Message;

    private static void Write(Writes writes, Dictionary<Guid, Verdict> verdicts)
    {
        var waits = verdicts.Where(v => v.Value.Decision is null).Select(v => v.Key).ToArray();
        if (waits.Length > 0) writes.Add("update gofer.open_trigger_events set waits = true where event_id = any($1)", Sql.P(waits));
        var final = verdicts.Where(v => v.Value.Decision is not null).ToList();
        if (final.Count == 0) return;
        writes.Demand(final.Count, "delete from gofer.open_trigger_events where event_id = any($1)", Sql.P(final.Select(v => v.Key).ToArray()));
        writes.Demand(
            final.Count,
            """
            update gofer.trigger_events e set decision = u.decision, reason = u.reason, run = u.run, run_version = u.version, duplicate_of = u.duplicate_of, decided_at = now()
            from unnest($1, $2, $3, $4, $5, $6) as u (id, decision, reason, run, version, duplicate_of) where e.id = u.id and e.decision is null
            """,
            Sql.P(final.Select(v => v.Key).ToArray()),
            Sql.Texts(final.Select(v => v.Value.Decision)),
            Sql.Texts(final.Select(v => v.Value.Reason)),
            Sql.P(final.Select(v => v.Value.Run).ToArray()),
            Sql.P(final.Select(v => v.Value.Version).ToArray()),
            Sql.P(final.Select(v => v.Value.DuplicateOf).ToArray()));
    }

    private async Task TellAsync(Creation created, CancellationToken cancellationToken)
    {
        notifier.Ready();
        notifier.Changed();
        if (created.Superseded.Count == 0) return;
        notifier.Stop();
        foreach (var pipeline in created.Superseded) await admission.AdmitAsync(pipeline, cancellationToken);
    }

    /// <summary>The oldest open event cannot be decided: the ledger says so, and the rest go on.</summary>
    private Task<bool> SetAsideAsync(PostgresException trouble, CancellationToken cancellationToken) => transactions.RunInTimeAsync<bool>(
        async (session, token) =>
        {
            if (await OpenEvent.ReadAsync(session, 1, token) is not [{ } e, ..]) return false;
            Log.SetAside(logger, trouble, e.Id);
            var writes = new Writes();
            Write(writes, new Dictionary<Guid, Verdict> { [e.Id] = new(Decisions.Failed, "The database does not take the run that would come of it. The server's log says more.") });
            await session.CommitAsync(writes, token);
            return true;
        },
        cancellationToken);

    /// <summary>What was decided of one event; without a decision it waits.</summary>
    private sealed record Verdict(string? Decision, string? Reason)
    {
        public static Verdict Waits { get; } = new(null, null);
        public long? Run { get; init; }
        public int? Version { get; init; }
        public Guid? DuplicateOf { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The event {Event} of a trigger cannot be decided and is set aside")]
        public static partial void SetAside(ILogger logger, Exception e, Guid @event);
    }
}
