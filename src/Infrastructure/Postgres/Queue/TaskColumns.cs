using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>The columns of an execution that the engine changes, once for its inserts, its updates and its reads.</summary>
internal static class TaskColumns
{
    /// <summary>Their names, in the order of <see cref="Parameters"/>; the key <c>run_id, task</c> comes first.</summary>
    public const string Names =
        """
        run_id, task, state, reason, message, attempt, fence, worker_id, backend, open_parents, blocked_by, skipped_by, exit_code, scheduler,
        node, image_digest, ready_at, started_at, ended_at, stop_requested_at, stop_message, worst, waiting_for, wait_until, holds_slots,
        deaths, stop_reason, reused_run, reused_number, reused_task
        """;

    /// <summary>The assignments of an update from rows <c>u</c> of <see cref="Names"/>; what a rerun took over never changes.</summary>
    public const string Assignments =
        """
        state = u.state, reason = u.reason, message = u.message, attempt = u.attempt, fence = u.fence, worker_id = u.worker_id,
        backend = u.backend, open_parents = u.open_parents, blocked_by = u.blocked_by, skipped_by = u.skipped_by, exit_code = u.exit_code,
        scheduler = u.scheduler, node = u.node, image_digest = u.image_digest, ready_at = u.ready_at, started_at = u.started_at,
        ended_at = u.ended_at, stop_requested_at = u.stop_requested_at, stop_message = u.stop_message, worst = u.worst,
        waiting_for = u.waiting_for, wait_until = u.wait_until, holds_slots = u.holds_slots, deaths = u.deaths, stop_reason = u.stop_reason
        """;

    /// <summary>The rows as arrays, one a column.</summary>
    public const string Rows =
        "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)";

    /// <summary>The arrays.</summary>
    public static NpgsqlParameter[] Parameters(IReadOnlyList<(Guid Run, TaskExecution Task)> tasks) =>
    [
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
        Sql.Texts(tasks.Select(t => t.Task.StopMessage)),
        Sql.Texts(tasks.Select(t => t.Task.Worst is { } worst ? StateText.Of(worst) : null)),
        Sql.Texts(tasks.Select(t => t.Task.WaitingFor is { } what ? StateText.Of(what) : null)),
        Sql.P(tasks.Select(t => t.Task.WaitUntil).ToArray()),
        Sql.P(tasks.Select(t => t.Task.HoldsSlots).ToArray()),
        Sql.P(tasks.Select(t => (short)Math.Min(t.Task.Deaths, short.MaxValue)).ToArray()),
        Sql.Texts(tasks.Select(t => t.Task.StopReason)),
        Sql.P(tasks.Select(t => t.Task.Reused?.Run.Value).ToArray()),
        Sql.P(tasks.Select(t => t.Task.Reused?.Number).ToArray()),
        Sql.P(tasks.Select(t => t.Task.Reused?.Task).ToArray()),
    ];

    /// <summary>Reads a row of <see cref="Names"/>.</summary>
    public static TaskExecution Read(NpgsqlDataReader row) => new()
    {
        Task = row.GetInt32(1),
        State = StateText.Parse<TaskState>(row.GetString(2)),
        Reason = row.Text(3),
        Message = row.Text(4),
        Attempt = row.GetInt32(5),
        Fence = row.GetInt64(6),
        Worker = row.Maybe<Guid>(7) is { } worker ? new Domain.Common.WorkerId(worker) : null,
        Backend = row.Text(8),
        OpenParents = row.GetInt32(9),
        BlockedBy = row.Maybe<int>(10),
        SkippedBy = row.Maybe<int>(11),
        ExitCode = row.Maybe<int>(12),
        Scheduler = row.Text(13),
        Node = row.Text(14),
        ImageDigest = row.Text(15),
        ReadyAt = row.Maybe<DateTimeOffset>(16),
        StartedAt = row.Maybe<DateTimeOffset>(17),
        EndedAt = row.Maybe<DateTimeOffset>(18),
        StopRequestedAt = row.Maybe<DateTimeOffset>(19),
        StopMessage = row.Text(20),
        Worst = row.Text(21) is { } worst ? StateText.Parse<TaskState>(worst) : null,
        WaitingFor = row.Text(22) is { } what ? StateText.Parse<WaitingFor>(what) : null,
        WaitUntil = row.Maybe<DateTimeOffset>(23),
        HoldsSlots = row.GetBoolean(24),
        Deaths = row.GetInt16(25),
        StopReason = row.Text(26),
    };
}
