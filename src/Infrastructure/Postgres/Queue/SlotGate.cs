using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Lets ready tasks that are under limits into the queue: one slot row for each limit over a task, written while the limits' rows are
/// locked, in the transaction that admits it. Who counts does so under the lock, so no limit is ever exceeded; there is no counter that could
/// leak. A task for which there is no slot, or which would overtake others that wait for one, is held.
/// </summary>
internal sealed class SlotGate
{
    private readonly List<(QueuePlace Place, long Limit)> _held = [];
    private readonly List<(QueuePlace Place, IReadOnlyList<Limit> Limits)> _granted = [];
    private readonly List<(TaskKey Key, long Limit)> _moved = [];

    /// <summary>How many tasks were let in.</summary>
    public int Granted => _granted.Count;

    /// <summary>Decides on every task that the runs want slots for. Wants the runs locked; locks the limits, in the order of their ids.</summary>
    public static async Task<SlotGate> DecideAsync(
        EngineSession session, IReadOnlyCollection<LoadedRun> runs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var gate = new SlotGate();
        var wanting = runs.SelectMany(r => r.Run.Wanting.Select(t => new QueuePlace(r, t, null)))
            .OrderBy(p => p.Run.Rank).ThenBy(p => p.Run.Id).ThenBy(p => p.Task).ToList();
        if (wanting.Count == 0) return gate;
        var limits = await LimitTable.LockAsync(session, wanting, countHeld: true, cancellationToken);
        foreach (var place in wanting)
        {
            var over = limits.Over(place);
            if (over.FirstOrDefault(l => l.IsClosed) is { } full)
            {
                full.Holds = true; // those behind it in this very transaction do not overtake it either
                place.Run.Run.Hold(place.Task, full.Message, now);
                gate._held.Add((place, full.Id));
            }
            else
            {
                gate.Grant(place, over, now);
            }
        }

        return gate;
    }

    /// <summary>
    /// Decides on tasks that are held, in the order of their places. Wants their runs locked; one that another limit holds back now is moved
    /// behind that.
    /// </summary>
    public static async Task<SlotGate> PromoteAsync(
        EngineSession session, IReadOnlyList<QueuePlace> held, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var gate = new SlotGate();
        var limits = await LimitTable.LockAsync(session, held, countHeld: false, cancellationToken);
        foreach (var place in held)
        {
            if (place.Run.Run.Tasks[place.Task] is not { State: TaskState.Waiting, WaitingFor: WaitingFor.Concurrency }) continue;
            var over = limits.Over(place);
            if (over.FirstOrDefault(l => l.IsFull) is { } full) gate._moved.Add((place.Key, full.Id));
            else gate.Grant(place, over, now);
        }

        return gate;
    }

    /// <summary>Adds the statements that write what was decided, after those of the runs.</summary>
    public void Write(Writes writes)
    {
        QueueRows.Hold(writes, _held);
        var slots = _granted.SelectMany(g => g.Limits.Select(l => (g.Place.Key, l.Id))).ToList();
        if (slots.Count > 0)
        {
            writes.Add(
                "insert into gofer.slots (limit_id, run_id, task) select * from unnest($1, $2, $3)",
                Sql.P(slots.Select(s => s.Id).ToArray()), Sql.P(slots.Select(s => s.Key.Run.Value).ToArray()), Sql.P(slots.Select(s => s.Key.Task).ToArray()));
        }

        if (_moved.Count > 0)
        {
            writes.Add(
                """
                update gofer.held_tasks h set limit_id = u.limit_id from unnest($1, $2, $3) as u (limit_id, run_id, task)
                where h.run_id = u.run_id and h.task = u.task and h.limit_id <> u.limit_id
                """,
                Sql.P(_moved.Select(m => m.Limit).ToArray()), Sql.P(_moved.Select(m => m.Key.Run.Value).ToArray()), Sql.P(_moved.Select(m => m.Key.Task).ToArray()));
        }

        QueueRows.Enqueue(writes, [.. _granted.Select(g => g.Place).Where(p => p.Run.Run.Tasks[p.Task].State == TaskState.Ready)], _ => null);
    }

    private void Grant(QueuePlace place, IReadOnlyList<Limit> over, DateTimeOffset now)
    {
        foreach (var limit in over) limit.Taken++;
        place.Run.Run.Grant(place.Task, now);
        _granted.Add((place, over));
    }
}
