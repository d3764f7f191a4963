using Gofer.Domain.Runs;
using Npgsql;
using Executions = System.Collections.Generic.IReadOnlyList<(System.Guid Run, Gofer.Domain.Runs.TaskExecution Task)>;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>The columns of an execution that the engine changes, once for its inserts, its updates and its reads.</summary>
internal static class TaskColumns
{
    private static readonly Column[] s_key =
    [
        new("run_id", tasks => Sql.P(tasks.Select(t => t.Run).ToArray())),
        new("task", tasks => Sql.P(tasks.Select(t => t.Task.Task).ToArray())),
    ];

    /// <summary>What every task's way through the queue and a container changes.</summary>
    private static readonly Column[] s_usual =
    [
        new("state", tasks => Sql.Texts(tasks.Select(t => StateText.Of(t.Task.State)))),
        new("attempt", tasks => Sql.P(tasks.Select(t => t.Task.Attempt).ToArray())),
        new("fence", tasks => Sql.P(tasks.Select(t => t.Task.Fence).ToArray())),
        new("worker_id", tasks => Sql.P(tasks.Select(t => t.Task.Worker?.Value).ToArray())),
        new("backend", tasks => Sql.Texts(tasks.Select(t => t.Task.Backend))),
        new("open_parents", tasks => Sql.P(tasks.Select(t => t.Task.OpenParents).ToArray())),
        new("exit_code", tasks => Sql.P(tasks.Select(t => t.Task.ExitCode).ToArray())),
        new("scheduler", tasks => Sql.Texts(tasks.Select(t => t.Task.Scheduler))),
        new("node", tasks => Sql.Texts(tasks.Select(t => t.Task.Node))),
        new("image_digest", tasks => Sql.Texts(tasks.Select(t => t.Task.ImageDigest))),
        new("ready_at", tasks => Sql.P(tasks.Select(t => t.Task.ReadyAt).ToArray())),
        new("started_at", tasks => Sql.P(tasks.Select(t => t.Task.StartedAt).ToArray())),
        new("ended_at", tasks => Sql.P(tasks.Select(t => t.Task.EndedAt).ToArray())),
    ];

    /// <summary>What only failures, stops, retries and limits change: see <see cref="IsUsual"/>.</summary>
    private static readonly Column[] s_rest =
    [
        new("reason", tasks => Sql.Texts(tasks.Select(t => t.Task.Reason))),
        new("message", tasks => Sql.Texts(tasks.Select(t => t.Task.Message))),
        new("blocked_by", tasks => Sql.P(tasks.Select(t => t.Task.BlockedBy).ToArray())),
        new("skipped_by", tasks => Sql.P(tasks.Select(t => t.Task.SkippedBy).ToArray())),
        new("stop_requested_at", tasks => Sql.P(tasks.Select(t => t.Task.StopRequestedAt).ToArray())),
        new("stop_reason", tasks => Sql.Texts(tasks.Select(t => t.Task.StopReason))),
        new("stop_message", tasks => Sql.Texts(tasks.Select(t => t.Task.StopMessage))),
        new("worst", tasks => Sql.Texts(tasks.Select(t => t.Task.Worst is { } worst ? StateText.Of(worst) : null))),
        new("waiting_for", tasks => Sql.Texts(tasks.Select(t => t.Task.WaitingFor is { } what ? StateText.Of(what) : null))),
        new("wait_until", tasks => Sql.P(tasks.Select(t => t.Task.WaitUntil).ToArray())),
        new("holds_slots", tasks => Sql.P(tasks.Select(t => t.Task.HoldsSlots).ToArray())),
        new("deaths", tasks => Sql.P(tasks.Select(t => (short)Math.Min(t.Task.Deaths, short.MaxValue)).ToArray())),
    ];

    /// <summary>What a rerun took over; it never changes.</summary>
    private static readonly Column[] s_reused =
    [
        new("reused_run", tasks => Sql.P(tasks.Select(t => t.Task.Reused?.Run.Value).ToArray())),
        new("reused_number", tasks => Sql.P(tasks.Select(t => t.Task.Reused?.Number).ToArray())),
        new("reused_task", tasks => Sql.P(tasks.Select(t => t.Task.Reused?.Task).ToArray())),
    ];

    private static readonly string s_insert = Insert();
    private static readonly string s_update = Update([.. s_usual, .. s_rest]);
    private static readonly string s_updateUsual = Update(s_usual);

    /// <summary>What <see cref="Read"/> reads.</summary>
    public static readonly string Names = Join([.. s_key, .. s_usual, .. s_rest]);

    /// <summary>Whether all that it has to say stands in the usual columns. Where that is so before and after a change, the others need not be written.</summary>
    public static bool IsUsual(TaskExecution task) =>
        task is
        {
            Reason: null, Message: null, BlockedBy: null, SkippedBy: null, StopRequestedAt: null, StopReason: null, StopMessage: null, Worst: null,
            WaitingFor: null, WaitUntil: null, HoldsSlots: false, Deaths: 0,
        };

    /// <summary>New rows.</summary>
    public static void Insert(Writes writes, Executions tasks) => writes.Add(s_insert, Values([.. s_key, .. s_usual, .. s_rest, .. s_reused], tasks));

    /// <summary>
    /// Rows that the caller has locked and read; one that is not as it was read ends the transaction. Most executions are <see cref="IsUsual"/> before and
    /// after a change: a third of an update's time went to columns that stay as they are.
    /// </summary>
    /// <param name="writes">What the statements are added to.</param>
    /// <param name="usual">Executions that were usual when they were read and still are.</param>
    /// <param name="rest">The others.</param>
    public static void Update(Writes writes, Executions usual, Executions rest)
    {
        if (usual.Count > 0) writes.Demand(usual.Count, s_updateUsual, Values([.. s_key, .. s_usual], usual));
        if (rest.Count > 0) writes.Demand(rest.Count, s_update, Values([.. s_key, .. s_usual, .. s_rest], rest));
    }

    /// <summary>Reads a row of <see cref="Names"/>.</summary>
    public static TaskExecution Read(NpgsqlDataReader row) => new()
    {
        Task = row.GetInt32(1),
        State = StateText.Parse<TaskState>(row.GetString(2)),
        Attempt = row.GetInt32(3),
        Fence = row.GetInt64(4),
        Worker = row.Maybe<Guid>(5) is { } worker ? new Domain.Common.WorkerId(worker) : null,
        Backend = row.Text(6),
        OpenParents = row.GetInt32(7),
        ExitCode = row.Maybe<int>(8),
        Scheduler = row.Text(9),
        Node = row.Text(10),
        ImageDigest = row.Text(11),
        ReadyAt = row.Maybe<DateTimeOffset>(12),
        StartedAt = row.Maybe<DateTimeOffset>(13),
        EndedAt = row.Maybe<DateTimeOffset>(14),
        Reason = row.Text(15),
        Message = row.Text(16),
        BlockedBy = row.Maybe<int>(17),
        SkippedBy = row.Maybe<int>(18),
        StopRequestedAt = row.Maybe<DateTimeOffset>(19),
        StopReason = row.Text(20),
        StopMessage = row.Text(21),
        Worst = row.Text(22) is { } worst ? StateText.Parse<TaskState>(worst) : null,
        WaitingFor = row.Text(23) is { } what ? StateText.Parse<WaitingFor>(what) : null,
        WaitUntil = row.Maybe<DateTimeOffset>(24),
        HoldsSlots = row.GetBoolean(25),
        Deaths = row.GetInt16(26),
    };

    private static NpgsqlParameter[] Values(Column[] columns, Executions tasks) => Array.ConvertAll(columns, c => c.Values(tasks));

    private static string Join(Column[] columns) => string.Join(", ", columns.Select(c => c.Name));

    private static string Rows(Column[] columns) => $"unnest({string.Join(", ", columns.Select((_, i) => $"${i + 1}"))})";

    private static string Insert()
    {
        Column[] all = [.. s_key, .. s_usual, .. s_rest, .. s_reused];
        return $"insert into gofer.task_executions ({Join(all)}) select * from {Rows(all)}";
    }

    private static string Update(Column[] columns)
    {
        Column[] all = [.. s_key, .. columns];
        return $"""
            update gofer.task_executions e set {string.Join(", ", columns.Select(c => $"{c.Name} = u.{c.Name}"))}
            from {Rows(all)} as u ({Join(all)})
            where e.run_id = u.run_id and e.task = u.task and coalesce(e.ended_at is null, false) and e.fence <= u.fence
            """;
    }

    /// <summary>A column and, of rows, the array of its values.</summary>
    private sealed record Column(string Name, Func<Executions, NpgsqlParameter> Values);
}
