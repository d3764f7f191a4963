using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Writes what runs decided: a fixed number of statements, whatever the number of runs. The caller holds the runs' locks, so the rows
/// are as they were read; the states and fences in the conditions are the second line of defence, and a row that does not match ends
/// the transaction.
/// </summary>
internal static class RunWrites
{
    /// <summary>Inserts runs that <see cref="Run.Create"/> made, with their numbers, executions, events and queue rows.</summary>
    public static void Insert(NpgsqlBatch batch, IReadOnlyList<(LoadedRun Run, Application.Runs.RunRow Row)> runs)
    {
        batch.BatchCommands.Add(Sql.Command(
            """
            insert into gofer.runs (id, namespace_id, pipeline_id, number, version, version_reason, state, trigger, variables, labels, open,
                event_seq, created_at, started_at)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
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
            Sql.Json([.. runs.Select(r => TextMap.Write(r.Row.Labels))]),
            Sql.P(runs.Select(r => r.Run.Run.Open).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.EventSeq).ToArray()),
            Sql.P(runs.Select(r => r.Row.CreatedAt).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.StartedAt).ToArray())));
        batch.BatchCommands.Add(Sql.Command(
            "insert into gofer.run_numbers (pipeline_id, number, run_id) select * from unnest($1, $2, $3)",
            Sql.P(runs.Select(r => r.Run.Pipeline.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Number).ToArray()),
            Sql.P(runs.Select(r => r.Run.Id.Value).ToArray())));
        batch.BatchCommands.Add(Sql.Command(
            "insert into gofer.active_runs (run_id, pipeline_id, number, admitted) select * from unnest($1, $2, $3, $4)",
            Sql.P(runs.Select(r => r.Run.Id.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Pipeline.Value).ToArray()),
            Sql.P(runs.Select(r => r.Run.Number).ToArray()),
            Sql.P(runs.Select(r => r.Run.Run.State == RunState.Running).ToArray())));

        var tasks = runs.SelectMany(r => r.Run.Run.Changed.Select(t => (Run: r.Run.Id.Value, Task: t))).ToList();
        batch.BatchCommands.Add(Sql.Command(
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
            Sql.P(tasks.Select(t => t.Task.ReadyAt).ToArray())));
        EventsAndQueue(batch, runs.Select(r => r.Run).ToList());
    }

    /// <summary>Adds the statements that write runs loaded for change; answers how many rows each must touch, in the order of the statements.</summary>
    public static IReadOnlyList<(int Command, int Rows)> Update(NpgsqlBatch batch, IReadOnlyCollection<LoadedRun> all)
    {
        var expected = new List<(int Command, int Rows)>();
        var runs = all.Where(r => r.Run.NewEvents.Count > 0).ToList();
        if (runs.Count > 0)
        {
            expected.Add((batch.BatchCommands.Count, runs.Count));
            batch.BatchCommands.Add(Sql.Command(
                """
                update gofer.runs r set state = u.state, reason = u.reason, message = u.message, open = u.open, first_failed = u.first_failed,
                    first_cancelled = u.first_cancelled, event_seq = u.event_seq, started_at = u.started_at, ended_at = u.ended_at,
                    cancel_requested_at = u.cancel_requested_at, cancel_message = u.cancel_message
                from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as u (id, state, reason, message, open, first_failed,
                    first_cancelled, event_seq, started_at, ended_at, cancel_requested_at, cancel_message)
                where r.id = u.id and r.ended_at is null
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
                Sql.Texts(runs.Select(r => r.Run.CancelMessage))));
        }

        var tasks = all.SelectMany(r => r.Run.Changed.Select(t => (Run: r.Id.Value, Task: t))).ToList();
        if (tasks.Count > 0)
        {
            expected.Add((batch.BatchCommands.Count, tasks.Count));
            batch.BatchCommands.Add(Sql.Command(
                """
                update gofer.task_executions e set state = u.state, reason = u.reason, message = u.message, attempt = u.attempt, fence = u.fence,
                    worker_id = u.worker_id, backend = u.backend, open_parents = u.open_parents, blocked_by = u.blocked_by,
                    skipped_by = u.skipped_by, exit_code = u.exit_code, scheduler = u.scheduler, node = u.node, image_digest = u.image_digest,
                    ready_at = u.ready_at, started_at = u.started_at, ended_at = u.ended_at, stop_requested_at = u.stop_requested_at,
                    stop_message = u.stop_message
                from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) as u (run_id, task,
                    state, reason, message, attempt, fence, worker_id, backend, open_parents, blocked_by, skipped_by, exit_code, scheduler,
                    node, image_digest, ready_at, started_at, ended_at, stop_requested_at, stop_message)
                where e.run_id = u.run_id and e.task = u.task and e.ended_at is null and e.fence <= u.fence
                """,
                Sql.P(tasks.Select(t => t.Run).ToArray()),
                Sql.P(tasks.Select(t => t.Task.Task).ToArray()),
                Sql.Texts(tasks.Select(t => StateText.Of(t.Task.State))),
                Sql.Texts(tasks.Select(t => t.Task.Reason)),
                Sql.Texts(tasks.Select(t => t.Task.Message)),
                Sql.P(tasks.Select(t => t.Task.Attempt).ToArray()),
                Sql.P(tasks.Select(t => t.Task.Fence).ToArray()),
                Sql.P(tasks.Select(t => t.Task.Worker?.Value).ToArray()),
                Sql.Texts(tasks.Select(t => t.Task.Backend)),
                Sql.P(tasks.Select(t => t.Task.OpenParents).ToArray()),
                Sql.P(tasks.Select(t => t.Task.BlockedBy).ToArray()),
                Sql.P(tasks.Select(t => t.Task.SkippedBy).ToArray()),
                Sql.P(tasks.Select(t => t.Task.ExitCode).ToArray()),
                Sql.Texts(tasks.Select(t => t.Task.Scheduler)),
                Sql.Texts(tasks.Select(t => t.Task.Node)),
                Sql.Texts(tasks.Select(t => t.Task.ImageDigest)),
                Sql.P(tasks.Select(t => t.Task.ReadyAt).ToArray()),
                Sql.P(tasks.Select(t => t.Task.StartedAt).ToArray()),
                Sql.P(tasks.Select(t => t.Task.EndedAt).ToArray()),
                Sql.P(tasks.Select(t => t.Task.StopRequestedAt).ToArray()),
                Sql.Texts(tasks.Select(t => t.Task.StopMessage))));
        }

        EventsAndQueue(batch, runs);
        var ended = runs.Where(r => r.Run.State.IsFinal()).Select(r => r.Id.Value).ToArray();
        if (ended.Length > 0) batch.BatchCommands.Add(Sql.Command("delete from gofer.active_runs where run_id = any($1)", Sql.P(ended)));
        return expected;
    }

    private static void EventsAndQueue(NpgsqlBatch batch, List<LoadedRun> runs)
    {
        var events = runs.SelectMany(r => r.Run.NewEvents.Select(e => (Run: r.Id.Value, Event: e))).ToList();
        if (events.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Command(
                "insert into gofer.run_events (run_id, seq, type, at, task, attempt, data) select * from unnest($1, $2, $3, $4, $5, $6, $7)",
                Sql.P(events.Select(e => e.Run).ToArray()),
                Sql.P(events.Select(e => e.Event.Seq).ToArray()),
                Sql.Texts(events.Select(e => e.Event.Type)),
                Sql.P(events.Select(e => e.Event.At).ToArray()),
                Sql.P(events.Select(e => e.Event.Task).ToArray()),
                Sql.P(events.Select(e => e.Event.Attempt).ToArray()),
                Sql.Json([.. events.Select(e => TextMap.Write(e.Event.Data))])));
        }

        // A task that was enqueued and claimed again in this very transaction needs no row.
        var ready = runs
            .SelectMany(r => r.Run.Enqueued.Select(t => r.Run.Tasks[t]).Where(t => t.State == TaskState.Ready).Select(t => (Run: r, Task: t)))
            .ToList();
        if (ready.Count == 0) return;
        batch.BatchCommands.Add(Sql.Command(
            """
            insert into gofer.ready_tasks (rank, virtual_time, run_id, task, namespace_id, pipeline_id, backend)
            select 0, 0, run_id, task, namespace_id, pipeline_id, backend
            from unnest($1, $2, $3, $4, $5) with ordinality as t (run_id, task, namespace_id, pipeline_id, backend, place) order by place
            """,
            Sql.P(ready.Select(t => t.Run.Id.Value).ToArray()),
            Sql.P(ready.Select(t => t.Task.Task).ToArray()),
            Sql.P(ready.Select(t => t.Run.Namespace.Value).ToArray()),
            Sql.P(ready.Select(t => t.Run.Pipeline.Value).ToArray()),
            Sql.Texts(ready.Select(t => t.Task.Backend))));
    }
}
