using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Writes what runs decided: a fixed number of statements, whatever the number of runs. The caller holds the runs' locks, so the rows
/// are as they were read; the states and fences in the conditions are the second line of defence, and a row that does not match ends
/// the transaction.
/// </summary>
internal static class RunWrites
{
    /// <summary>The task of a timer that is the run's own.</summary>
    public const int WholeRun = -1;

    /// <summary>Inserts runs that <see cref="Run.Create"/> made, with their numbers, executions, events and queue rows.</summary>
    public static void Insert(Writes writes, IReadOnlyList<(LoadedRun Run, Application.Runs.RunRow Row, Application.Runs.TriggerOrigin? Trigger)> runs)
    {
        writes.Add(
            """
            insert into gofer.runs (id, namespace_id, pipeline_id, number, version, version_reason, state, trigger, variables, params, labels, priority,
                open, event_seq, created_at, started_at, ended_at, reason, message, first_cancelled, cancel_requested_at, cancel_reason,
                cancel_message, rerun_of, shared_tasks)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
            """,
            Sql.P(runs.Select(r => r.Run.Id.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Namespace.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Pipeline.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Number).ToArray()),
            Sql.P(runs.Select(r => r.Run.Version).ToArray()),
            Sql.Texts(runs.Select(r => r.Row.VersionReason)),
            Sql.Texts(runs.Select(r => StateText.Of(r.Run.Run.State))),
            Sql.Texts(runs.Select(r => r.Row.Trigger)),
            Sql.Json([.. runs.Select(r => TextMap.Write(r.Row.Variables))]),
            Sql.Json([.. runs.Select(r => JsonMap.Write(r.Row.Params))]),
            Sql.Json([.. runs.Select(r => TextMap.Write(r.Row.Labels))]),
            Sql.P(runs.Select(r => (short)r.Row.Priority).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.Open).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.EventSeq).ToArray()),
            Sql.P(runs.Select(r => r.Row.CreatedAt).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.StartedAt).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.EndedAt).ToArray()),
            Sql.Texts(runs.Select(r => r.Run.Run.Reason)),
            Sql.Texts(runs.Select(r => r.Run.Run.Message)),
            Sql.P(runs.Select(r => r.Run.Run.FirstCancelled).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.CancelRequestedAt).ToArray()),
            Sql.Texts(runs.Select(r => r.Run.Run.CancelReason)),
            Sql.Texts(runs.Select(r => r.Run.Run.CancelMessage)),
            Sql.P(runs.Select(r => r.Row.RerunOf).ToArray()),
            Sql.Json([.. runs.Select(r => SharedTaskRows.Write(r.Row.SharedTasks))]));
        writes.Add(
            "insert into gofer.run_numbers (pipeline_id, number, run_id) select * from unnest($1, $2, $3)",
            Sql.P(runs.Select(r => r.Run.Pipeline.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Number).ToArray()),
            Sql.P(runs.Select(r => r.Run.Id.Value).ToArray()));
        var active = runs.Where(r => !r.Run.Run.State.IsFinal()).ToList();
        writes.Add(
            "insert into gofer.active_runs (run_id, pipeline_id, number, rank, admitted, trigger_id, backfill_id) select * from unnest($1, $2, $3, $4, $5, $6, $7)",
            Sql.P(active.Select(r => r.Run.Id.Value).ToArray()),
            Sql.P(active.Select(r => r.Run.Pipeline.Value).ToArray()),
            Sql.P(active.Select(r => r.Run.Number).ToArray()),
            Sql.P(active.Select(r => r.Run.Rank).ToArray()),
            Sql.P(active.Select(r => r.Run.Run.State == RunState.Running).ToArray()),
            Sql.P(active.Select(r => r.Trigger?.Id.Value).ToArray()),
            Sql.P(active.Select(r => r.Trigger?.Backfill?.Value).ToArray()));
        InsertTasks(writes, runs.SelectMany(r => r.Run.Run.Changed.Select(t => (Run: r.Run.Id.Value, Task: t))).ToList());
        Consequences(writes, runs.Select(r => r.Run).ToList());
    }

    private static void InsertTasks(Writes writes, List<(Guid Run, TaskExecution Task)> tasks)
    {
        // Most are born waiting or ready and have little to say.
        if (tasks.Any(t => t.Task.State.IsFinal() || t.Task.WaitingFor is not null || t.Task.HoldsSlots))
        {
            TaskColumns.Insert(writes, tasks);
            return;
        }

        writes.Add(
            """
            insert into gofer.task_executions (run_id, task, state, attempt, fence, open_parents, ready_at)
            select run_id, task, state, attempt, 0, open_parents, ready_at
            from unnest($1, $2, $3, $4, $5, $6) as t (run_id, task, state, attempt, open_parents, ready_at)
            """,
            Sql.P(tasks.Select(t => t.Run).ToArray()),
            Sql.P(tasks.Select(t => t.Task.Task).ToArray()),
            Sql.Texts(tasks.Select(t => StateText.Of(t.Task.State))),
            Sql.P(tasks.Select(t => t.Task.Attempt).ToArray()),
            Sql.P(tasks.Select(t => t.Task.OpenParents).ToArray()),
            Sql.P(tasks.Select(t => t.Task.ReadyAt).ToArray()));
    }

    /// <summary>
    /// Adds the statements that write runs loaded for change. They ask <c>coalesce(ended_at is null, false)</c> and not <c>ended_at is null</c>:
    /// before a table's first statistics the planner believes that the latter holds for few rows and reads the whole table by it rather than the rows that are named.
    /// </summary>
    public static void Update(Writes writes, IReadOnlyCollection<LoadedRun> all)
    {
        var runs = all.Where(r => r.Run.NewEvents.Count > 0).ToList();
        if (runs.Count > 0)
        {
            writes.Add(
                """
                with touched as (
                    update gofer.runs r set state = u.state, reason = u.reason, message = u.message, open = u.open, first_failed = u.first_failed,
                        first_cancelled = u.first_cancelled, event_seq = u.event_seq, started_at = u.started_at, ended_at = u.ended_at,
                        cancel_requested_at = u.cancel_requested_at, cancel_reason = u.cancel_reason, cancel_message = u.cancel_message
                    from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as u (id, state, reason, message, open, first_failed,
                        first_cancelled, event_seq, started_at, ended_at, cancel_requested_at, cancel_reason, cancel_message)
                    where r.id = u.id and coalesce(r.ended_at is null, false) returning r.id, r.ended_at),
                over as (
                    delete from gofer.active_runs a using touched t where t.ended_at is not null and a.run_id = t.id)
                select gofer.demand(count(*), $14) from touched
                """,
                Sql.P(runs.Select(r => r.Id.Value).ToArray()),
                Sql.Texts(runs.Select(r => StateText.Of(r.Run.State))),
                Sql.Texts(runs.Select(r => r.Run.Reason)),
                Sql.Texts(runs.Select(r => r.Run.Message)),
                Sql.P(runs.Select(r => r.Run.Open).ToArray()),
                Sql.P(runs.Select(r => r.Run.FirstFailed).ToArray()),
                Sql.P(runs.Select(r => r.Run.FirstCancelled).ToArray()),
                Sql.P(runs.Select(r => r.Run.EventSeq).ToArray()),
                Sql.P(runs.Select(r => r.Run.StartedAt).ToArray()),
                Sql.P(runs.Select(r => r.Run.EndedAt).ToArray()),
                Sql.P(runs.Select(r => r.Run.CancelRequestedAt).ToArray()),
                Sql.Texts(runs.Select(r => r.Run.CancelReason)),
                Sql.Texts(runs.Select(r => r.Run.CancelMessage)),
                Sql.P((long)runs.Count));
        }

        List<(Guid, TaskExecution)> usual = [], rest = [];
        foreach (var run in all)
        {
            foreach (var task in run.Run.Changed)
            {
                (run.WasUsual(task.Task) && TaskColumns.IsUsual(task) ? usual : rest).Add((run.Id.Value, task));
            }
        }

        TaskColumns.Update(writes, usual, rest);
        Consequences(writes, [.. all]);
    }

    /// <summary>What follows beside the rows of runs and executions; a table that nothing happened in costs no statement.</summary>
    private static void Consequences(Writes writes, List<LoadedRun> runs)
    {
        Events(writes, runs);
        RunEnds.Tell(writes, runs);
        Attempts(writes, runs);
        Timers(writes, runs);
        Release(writes, "gofer.slots", runs.SelectMany(r => r.Run.Freed.Select(t => new TaskKey(r.Id, t))).ToList());
        Release(writes, "gofer.held_tasks", runs.SelectMany(r => r.Run.Unheld.Select(t => new TaskKey(r.Id, t))).ToList());

        // A task that was enqueued and claimed again in this very transaction needs no row, and one whose slots were granted has its place
        // from the one who granted them.
        var ready = runs
            .SelectMany(r => r.Run.Enqueued.Where(t => r.Run.Tasks[t] is { State: TaskState.Ready } task && (!task.HoldsSlots || task.Backend is not null))
                // One that had a worker may have a container that nobody follows now: it goes first.
                .Select(t => new QueuePlace(r, t, r.Run.Tasks[t].Backend is null ? null : 0)))
            .ToList();
        var byId = ready.Select(p => p.Run).Distinct().ToDictionary(r => r.Id);
        QueueRows.Enqueue(writes, ready, key => byId[key.Run].Run.Tasks[key.Task].Backend is { } backend and not TaskCall.Backend ? backend : null);
    }

    private static void Events(Writes writes, List<LoadedRun> runs)
    {
        var packs = runs.Where(r => r.Run.NewEvents.Count > 0).Select(r => (Run: r.Id.Value, Events: r.Run.NewEvents)).ToList();
        if (packs.Count == 0) return;
        writes.Add(
            "insert into gofer.event_packs (run_id, last_seq, first_seq, at, items) select * from unnest($1, $2, $3, $4, $5)",
            Sql.P(packs.Select(p => p.Run).ToArray()),
            Sql.P(packs.Select(p => p.Events[^1].Seq).ToArray()),
            Sql.P(packs.Select(p => p.Events[0].Seq).ToArray()),
            Sql.P(packs.Select(p => p.Events[0].At).ToArray()),
            Sql.Texts(packs.Select(p => EventPack.Of(p.Events))));
    }

    private static void Attempts(Writes writes, List<LoadedRun> runs)
    {
        var attempts = runs.SelectMany(r => r.Run.FailedAttempts.Select(a => (Run: r.Id.Value, Attempt: a))).ToList();
        if (attempts.Count == 0) return;
        writes.Add(
            """
            insert into gofer.task_attempts (run_id, task, attempt, reason, message, exit_code, scheduler, node, image_digest, started_at, ended_at)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            Sql.P(attempts.Select(a => a.Run).ToArray()),
            Sql.P(attempts.Select(a => a.Attempt.Task).ToArray()),
            Sql.P(attempts.Select(a => a.Attempt.Attempt).ToArray()),
            Sql.Texts(attempts.Select(a => a.Attempt.Reason)),
            Sql.Texts(attempts.Select(a => a.Attempt.Message)),
            Sql.P(attempts.Select(a => a.Attempt.ExitCode).ToArray()),
            Sql.Texts(attempts.Select(a => a.Attempt.Scheduler)),
            Sql.Texts(attempts.Select(a => a.Attempt.Node)),
            Sql.Texts(attempts.Select(a => a.Attempt.ImageDigest)),
            Sql.P(attempts.Select(a => a.Attempt.StartedAt).ToArray()),
            Sql.P(attempts.Select(a => a.Attempt.EndedAt).ToArray()));
    }

    /// <summary>Timers of runs that were admitted and of tasks that wait for a retry; those that nobody waits for any more go.</summary>
    private static void Timers(Writes writes, List<LoadedRun> runs)
    {
        var over = runs.SelectMany(r => r.Run.Unheld.Select(t => new TaskKey(r.Id, t)))
            .Concat(runs.Where(r => r.Run.State.IsFinal() && r.Graph.Document.Timeout is not null).Select(r => new TaskKey(r.Id, WholeRun)))
            .ToList();
        Release(writes, "gofer.timers", over);

        var due = runs.Where(r => r.Run.State == RunState.Running && r.Graph.Document.Timeout is not null && r.Run.NewEvents.Any(e => e.Type == EventTypes.RunStarted))
            .Select(r => (Key: new TaskKey(r.Id, WholeRun), At: r.Run.StartedAt!.Value + r.Graph.Document.Timeout!.Value))
            .Concat(from r in runs from a in r.Run.FailedAttempts let task = r.Run.Tasks[a.Task] where task.WaitUntil is not null select (Key: new TaskKey(r.Id, a.Task), At: task.WaitUntil!.Value))
            .ToList();
        if (due.Count == 0) return;
        writes.SetTimers = true;
        writes.Add(
            "insert into gofer.timers (run_id, task, due_at) select * from unnest($1, $2, $3) on conflict (run_id, task) do update set due_at = excluded.due_at",
            Sql.P(due.Select(d => d.Key.Run.Value).ToArray()), Sql.P(due.Select(d => d.Key.Task).ToArray()), Sql.P(due.Select(d => d.At).ToArray()));
    }

    private static void Release(Writes writes, string table, List<TaskKey> keys)
    {
        if (keys.Count == 0) return;
        writes.Add(
            $"delete from {table} x using unnest($1, $2) as u (run_id, task) where x.run_id = u.run_id and x.task = u.task",
            Sql.P(keys.Select(k => k.Run.Value).ToArray()), Sql.P(keys.Select(k => k.Task).ToArray()));
    }
}
