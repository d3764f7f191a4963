using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>
/// Takes backfills on: makes events of their next times, so many that no more than they may have are open or have runs that have not ended, and brings them to their end.
/// The events are inserted by the transaction that counts them, under the row's lock: whoever dies in between, each time becomes one event.
/// </summary>
internal sealed class BackfillSteps(EngineTransaction transactions, IRunWriter runs, TimeProvider clock)
{
    /// <summary>Backfills of one transaction.</summary>
    private const int Batch = 20;

    /// <summary>Why one is over whose trigger is gone.</summary>
    private const string TriggerGone = "The trigger was deleted.";

    /// <summary>Why one is over whose pipeline is gone.</summary>
    private const string PipelineGone = "The pipeline was deleted.";

    /// <summary>How long until backfills are looked at again, in seconds; null where none has anything to do. Nobody tells of the ends of their runs.</summary>
    public const string Next = """
        (select min(case when b.state = 'cancelling' or (b.state = 'running' and not h.paused) then 0.25 else 1 end)::double precision
            from gofer.backfills b left join gofer.pipeline_heads h on h.pipeline_id = b.pipeline_id where b.ended_at is null)
        """;

    /// <summary>Takes each that has not ended one step on; answers how many events came of it.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var made = 0;
        for (var after = Guid.Empty; ;)
        {
            var taken = await transactions.RunInTimeAsync((session, token) => StepAsync(session, after, token), cancellationToken);
            made += taken.Made;
            // What is cancelled here was left over by somebody who cancelled the backfill and died. A crash costs nothing: the next pass finds the same runs.
            foreach (var run in taken.Left) await runs.CancelAsync(run, Backfill.Cancels, cancellationToken);
            if (taken.Last is not { } last) return made;
            after = last;
        }
    }

    private async Task<Taken> StepAsync(EngineSession session, Guid after, CancellationToken cancellationToken)
    {
        // Whoever decides events of one holds its row too, and is not waited for: the next pass comes soon.
        var held = await session.ListAsync(
            Sql.Command(
                "select id from gofer.backfills where ended_at is null and id > $1 order by id limit $2 for no key update skip locked", Sql.P(after), Sql.P(Batch)),
            row => row.GetGuid(0), cancellationToken);
        if (held.Count == 0) return new Taken(0, [], null);
        // A statement of its own: what the one that waited for the locks counts may be older than the locks.
        var backfills = await session.ListAsync(
            Sql.Command(
                """
                select b.id, b.state, b.total, b.made, b.parallel, coalesce(h.paused, false), t.id is null, p.id is null or p.deleted_at is not null,
                    (select count(*) from gofer.open_trigger_events o where o.backfill_id = b.id)::int
                        + (select count(*) from gofer.active_runs a where a.backfill_id = b.id)::int
                from gofer.backfills b left join gofer.triggers t on t.id = b.trigger_id left join gofer.pipelines p on p.id = b.pipeline_id
                left join gofer.pipeline_heads h on h.pipeline_id = b.pipeline_id
                where b.id = any($1) order by b.id
                """,
                Sql.P(held.ToArray())),
            Read,
            cancellationToken);
        var left = await LeftAsync(session, [.. backfills.Where(b => b.State == BackfillState.Cancelling && b.Active > 0).Select(b => b.Id)], cancellationToken);
        var changed = backfills.Where(b => b.Step.Make > 0 || b.Step.State != b.State).ToList();
        var made = changed.Sum(b => b.Step.Make);
        var writes = new Writes();
        if (changed.Count > 0)
        {
            Insert(writes, changed, made);
            writes.Demand(
                changed.Count,
                """
                update gofer.backfills b set made = b.made + u.made, state = u.state, reason = coalesce(u.reason, b.reason),
                    ended_at = case when u.state in ('cancelled', 'completed') then now() end
                from unnest($1, $2, $3, $4) as u (id, made, state, reason) where b.id = u.id
                """,
                Sql.P(changed.Select(b => b.Id).ToArray()),
                Sql.P(changed.Select(b => b.Step.Make).ToArray()),
                Sql.Texts(changed.Select(b => StateText.Of(b.Step.State))),
                Sql.Texts(changed.Select(b => b.Step.Reason)));
        }

        // A crash before the commit costs nothing: the next pass makes the same events. Where nothing changes it gives back the rows.
        await session.CommitAsync(writes, cancellationToken);
        return new Taken(made, left, held.Count < Batch ? null : held[^1]);
    }

    private static Open Read(NpgsqlDataReader row)
    {
        var (state, total, made, parallel, active) = (StateText.Parse<BackfillState>(row.GetString(1)), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(8));
        var gone = row.GetBoolean(7) ? PipelineGone : row.GetBoolean(6) ? TriggerGone : null;
        return new Open(row.GetGuid(0), state, made, active, BackfillStep.Of(state, total - made, active, parallel, held: row.GetBoolean(5), gone));
    }

    /// <summary>The runs of backfills that are being cancelled which nobody has cancelled yet.</summary>
    private static async Task<List<RunId>> LeftAsync(EngineSession session, Guid[] cancelling, CancellationToken cancellationToken) => cancelling.Length == 0 ? []
        : await session.ListAsync(
            Sql.Command(
                """
                select a.run_id from gofer.active_runs a join gofer.runs r on r.id = a.run_id
                where a.backfill_id = any($1) and r.cancel_requested_at is null order by a.number
                """,
                Sql.P(cancelling)),
            row => new RunId(row.GetGuid(0)), cancellationToken);

    /// <summary>The next times of each as events; in the order of their ids they are decided.</summary>
    private void Insert(Writes writes, List<Open> backfills, int count)
    {
        if (count == 0) return;
        var now = clock.GetUtcNow();
        var places = backfills.SelectMany(b => Enumerable.Range(b.Made + 1, b.Step.Make).Select(place => (b.Id, Place: place))).ToList();
        var (ids, of) = (places.Select(_ => Guid.CreateVersion7(now)).Order().ToArray(), places.Select(p => p.Id).ToArray());
        writes.Demand(
            count,
            """
            insert into gofer.trigger_events (id, namespace_id, pipeline_id, trigger_id, trigger, kind, scheduled_for, actor, params, version, backfill_id)
            select u.id, b.namespace_id, b.pipeline_id, b.trigger_id, b.trigger, 'backfill', b.times[u.place], b.actor, b.params, b.version, b.id
            from unnest($1, $2, $3) as u (id, backfill_id, place) join gofer.backfills b on b.id = u.backfill_id
            """,
            Sql.P(ids), Sql.P(of), Sql.P(places.Select(p => p.Place).ToArray()));
        writes.Demand(
            count,
            """
            insert into gofer.open_trigger_events (event_id, trigger_id, backfill_id)
            select u.id, b.trigger_id, b.id from unnest($1, $2) as u (id, backfill_id) join gofer.backfills b on b.id = u.backfill_id
            """,
            Sql.P(ids), Sql.P(of));
    }

    private sealed record Open(Guid Id, BackfillState State, int Made, int Active, BackfillStep Step);

    /// <summary>What came of one batch: events, runs that are to be cancelled, and the last one where there may be more.</summary>
    private sealed record Taken(int Made, List<RunId> Left, Guid? Last);
}
