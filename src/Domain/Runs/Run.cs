using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Runs;

/// <summary>
/// A run with its task executions: the state machine <c>(state, event, now) → (state, effects)</c>. It may be loaded in part: an event
/// that reaches an execution which is not there waits in <see cref="Missing"/> until <see cref="Supply"/> brings it, so no step needs
/// the whole run. It does no I/O; what it changed, added and wants done is read from <see cref="Changed"/>, <see cref="NewEvents"/>
/// and <see cref="Enqueued"/> and written by the engine in one transaction.
/// </summary>
public sealed class Run
{
    private static readonly IReadOnlyDictionary<string, string> NoData = new Dictionary<string, string>();

    private readonly Dictionary<int, TaskExecution> _tasks;
    private readonly HashSet<int> _changed = [];
    private readonly List<RunEvent> _events = [];
    private readonly List<int> _enqueued = [];
    private readonly Queue<(int Parent, TaskState Outcome, int Child)> _deliveries = new();

    /// <summary>Restores a run; <paramref name="tasks"/> may be some of its executions.</summary>
    public Run(RunId id, TaskGraph graph, IEnumerable<TaskExecution> tasks)
    {
        (Id, Graph) = (id, graph);
        _tasks = tasks.ToDictionary(t => t.Task);
    }

    /// <summary>The run.</summary>
    public RunId Id { get; }

    /// <summary>Its version's graph.</summary>
    public TaskGraph Graph { get; }

    /// <summary>Where it stands.</summary>
    public RunState State { get; set; }

    /// <summary>A code of <see cref="Reasons"/>, or null.</summary>
    public string? Reason { get; set; }

    /// <summary>The reason in words, or null.</summary>
    public string? Message { get; set; }

    /// <summary>Task executions that have not ended.</summary>
    public int Open { get; set; }

    /// <summary>The first task, in the document's order, whose failure fails the run.</summary>
    public int? FirstFailed { get; set; }

    /// <summary>The first task, in the document's order, that was cancelled.</summary>
    public int? FirstCancelled { get; set; }

    /// <summary>The number of the newest event.</summary>
    public int EventSeq { get; set; }

    /// <summary>When it was admitted.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>When a cancel was first accepted.</summary>
    public DateTimeOffset? CancelRequestedAt { get; set; }

    /// <summary>What the one who cancelled said.</summary>
    public string? CancelMessage { get; set; }

    /// <summary>The executions that are loaded.</summary>
    public IReadOnlyDictionary<int, TaskExecution> Tasks => _tasks;

    /// <summary>Executions changed since they were loaded, in index order.</summary>
    public IEnumerable<TaskExecution> Changed => _changed.Order().Select(t => _tasks[t]);

    /// <summary>Events added since the run was loaded.</summary>
    public IReadOnlyList<RunEvent> NewEvents => _events;

    /// <summary>Tasks that want a queue row, in the order in which they became ready.</summary>
    public IReadOnlyList<int> Enqueued => _enqueued;

    /// <summary>Executions that an event reached and that are not loaded; nothing may be written until this is empty.</summary>
    public IReadOnlyList<int> Missing => [.. _deliveries.Select(d => d.Child).Where(c => !_tasks.ContainsKey(c)).Distinct()];

    /// <summary>A new run, pending, with every execution waiting.</summary>
    public static Run Create(RunId id, TaskGraph graph, DateTimeOffset now)
    {
        var tasks = Enumerable.Range(0, graph.Count)
            .Select(t => new TaskExecution { Task = t, State = TaskState.Waiting, OpenParents = graph.ParentsOf(t).Count });
        var run = new Run(id, graph, tasks) { State = RunState.Pending, Open = graph.Count };
        run._changed.UnionWith(run._tasks.Keys);
        run.Add(EventTypes.RunCreated, now);
        return run;
    }

    /// <summary>Lets a pending run start: its roots enter the queue. Wants the roots loaded; false where it is not pending.</summary>
    public bool Admit(DateTimeOffset now)
    {
        if (State != RunState.Pending) return false;
        (State, StartedAt) = (RunState.Running, now);
        Add(EventTypes.RunStarted, now);
        for (var task = 0; task < Graph.Count; task++)
        {
            if (Graph.ParentsOf(task).Count == 0 && _tasks[task].State == TaskState.Waiting) MakeReady(_tasks[task], now);
        }

        return true;
    }

    /// <summary>A worker takes a ready task under a new fence; false where the task is not to be had any more.</summary>
    public bool Claim(int task, WorkerId worker, string backend, string scheduler, string node, DateTimeOffset now)
    {
        var execution = _tasks[task];
        if (State != RunState.Running || execution.State != TaskState.Ready) return false;
        if (execution.Backend is { } bound && bound != backend) return false;

        (execution.State, execution.Worker, execution.Fence) = (TaskState.Starting, worker, execution.Fence + 1);
        (execution.Backend, execution.Scheduler, execution.Node) = (backend, scheduler, node);
        Add(EventTypes.TaskStarting, now, execution, new Dictionary<string, string> { ["worker"] = worker.ToString(), ["node"] = node });
        return true;
    }

    /// <summary>Notes what a starting task waits for; false where the caller lost the right to say so.</summary>
    public bool Progress(int task, WorkerId worker, long fence, string message)
    {
        if (Held(task, worker, fence) is not { State: TaskState.Starting } execution) return false;
        execution.Message = message;
        _changed.Add(task);
        return true;
    }

    /// <summary>The container runs; false where the caller lost the right to say so.</summary>
    public bool Start(int task, WorkerId worker, long fence, DateTimeOffset startedAt, string? imageDigest, DateTimeOffset now)
    {
        if (Held(task, worker, fence) is not { State: TaskState.Starting } execution) return false;
        var adopted = execution.StartedAt is not null;
        (execution.State, execution.Message) = (TaskState.Running, null);
        execution.StartedAt ??= startedAt;
        execution.ImageDigest ??= imageDigest;
        Add(adopted ? EventTypes.TaskAdopted : EventTypes.TaskStarted, now, execution);
        return true;
    }

    /// <summary>The attempt is over; false where the caller lost the right to say so. A stop that was asked for wins over any outcome.</summary>
    public bool Complete(int task, WorkerId worker, long fence, TaskOutcome outcome, DateTimeOffset now)
    {
        if (Held(task, worker, fence) is not { } execution) return false;
        if (outcome is TaskOutcome.Exited exited)
        {
            execution.ExitCode = exited.ExitCode;
            execution.StartedAt ??= exited.StartedAt;
        }

        var (state, reason, message) = execution.StopRequestedAt is not null
            ? (TaskState.Cancelled, Reasons.UserCancelled, execution.StopMessage)
            : Verdict(outcome);
        End(execution, state, reason, message, now);
        return Settle(now);
    }

    /// <summary>The task's worker was lost or leaves: the task goes back to the queue, its container, if any, untouched.</summary>
    public bool Requeue(int task, WorkerId worker, long fence, string why, DateTimeOffset now)
    {
        if (Held(task, worker, fence) is not { } execution) return false;
        (execution.State, execution.Worker, execution.Message, execution.ReadyAt) = (TaskState.Ready, null, null, now);
        _enqueued.Add(task);
        Add(EventTypes.TaskRequeued, now, execution, new Dictionary<string, string> { ["why"] = why });
        return true;
    }

    /// <summary>No worker reaches the back end of a requeued task any more: its attempt is lost.</summary>
    public bool Lose(int task, string message, DateTimeOffset now)
    {
        if (_tasks[task] is not { State: TaskState.Ready, Backend: not null } execution) return false;
        var stopped = execution.StopRequestedAt is not null;
        End(execution, stopped ? TaskState.Cancelled : TaskState.Failed, stopped ? Reasons.UserCancelled : Reasons.Lost, message, now);
        return Settle(now);
    }

    /// <summary>
    /// Cancels the run: tasks that have no container end at once, the others are asked to stop and the run ends with the last of them.
    /// Wants every execution loaded. False where the run has ended or was cancelled before: nothing changed.
    /// </summary>
    public bool Cancel(string? message, DateTimeOffset now)
    {
        if (State.IsFinal() || CancelRequestedAt is not null) return false;
        (CancelRequestedAt, CancelMessage) = (now, message);
        Add(EventTypes.RunCancelRequested, now);
        foreach (var execution in _tasks.Values.OrderBy(t => t.Task).Where(t => !t.State.IsFinal())) Stop(execution, message, now);
        return Settle(now);
    }

    /// <summary>Cancels one task; false where it has ended or was asked to stop before.</summary>
    public bool CancelTask(int task, string? message, DateTimeOffset now)
    {
        var execution = _tasks[task];
        if (execution.State.IsFinal() || execution.StopRequestedAt is not null) return false;
        Stop(execution, message, now);
        return Settle(now);
    }

    /// <summary>Brings executions of <see cref="Missing"/> and goes on with what waited for them.</summary>
    public void Supply(IEnumerable<TaskExecution> tasks, DateTimeOffset now)
    {
        foreach (var task in tasks) _tasks.TryAdd(task.Task, task);
        Settle(now);
    }

    /// <summary>
    /// What a run comes to, as a pure function of its tasks' states: null while one is open, cancelled if it or a task was cancelled, else
    /// failed if a task failed whose failure is not allowed, else succeeded.
    /// </summary>
    public static RunState? OutcomeOf(IEnumerable<(TaskState State, bool AllowFailure)> tasks, bool cancelRequested)
    {
        var outcome = cancelRequested ? RunState.Cancelled : RunState.Succeeded;
        foreach (var (state, allowFailure) in tasks)
        {
            if (!state.IsFinal()) return null;
            if (state == TaskState.Cancelled) outcome = RunState.Cancelled;
            else if (state == TaskState.Failed && !allowFailure && outcome == RunState.Succeeded) outcome = RunState.Failed;
        }

        return outcome;
    }

    private static (TaskState State, string? Reason, string? Message) Verdict(TaskOutcome outcome) => outcome switch
    {
        TaskOutcome.Exited { ExitCode: 0, OutOfMemory: false } => (TaskState.Succeeded, null, null),
        TaskOutcome.Exited { OutOfMemory: true } oom => (TaskState.Failed, Reasons.OutOfMemory, oom.Message ?? "The container went over its memory limit."),
        TaskOutcome.Exited exited => (TaskState.Failed, Reasons.ExitCode, exited.Message ?? $"The container ended with exit code {exited.ExitCode}."),
        TaskOutcome.Refused refused => (TaskState.Failed, refused.Reason, refused.Message),
        TaskOutcome.Lost lost => (TaskState.Failed, Reasons.Lost, lost.Message),
        // Only a task that was asked to stop may say this; one that was not has lost something that it should have had.
        TaskOutcome.NeverStarted => (TaskState.Failed, Reasons.SchedulerError, "The container was never started."),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome}."),
    };

    private static bool Holds(ParentCondition condition, TaskState outcome) => condition switch
    {
        ParentCondition.Success => outcome == TaskState.Succeeded,
        ParentCondition.Failure => outcome == TaskState.Failed,
        ParentCondition.Any => outcome is TaskState.Succeeded or TaskState.Failed or TaskState.Skipped,
        _ => throw new InvalidOperationException($"Unknown condition {condition}."),
    };

    private TaskExecution? Held(int task, WorkerId worker, long fence) =>
        _tasks[task] is { } execution && execution.IsHeldBy(worker, fence) ? execution : null;

    private void MakeReady(TaskExecution execution, DateTimeOffset now)
    {
        (execution.State, execution.ReadyAt, execution.Attempt) = (TaskState.Ready, now, execution.Attempt + 1);
        _enqueued.Add(execution.Task);
        Add(EventTypes.TaskReady, now, execution);
    }

    private void Stop(TaskExecution execution, string? message, DateTimeOffset now)
    {
        // A requeued task may have a living container: it is stopped by whoever claims it, and until then nobody may call it ended.
        if (execution.State.IsHeld() || execution is { State: TaskState.Ready, Backend: not null })
        {
            if (execution.StopRequestedAt is not null) return;
            (execution.StopRequestedAt, execution.StopMessage) = (now, message);
            Add(EventTypes.TaskCancelRequested, now, execution);
            return;
        }

        End(execution, TaskState.Cancelled, Reasons.UserCancelled, message, now);
    }

    private void End(TaskExecution execution, TaskState state, string? reason, string? message, DateTimeOffset now)
    {
        (execution.State, execution.Reason, execution.Message, execution.EndedAt, execution.Worker) = (state, reason, message, now, null);
        Open--;
        if (state == TaskState.Cancelled) FirstCancelled = Math.Min(FirstCancelled ?? int.MaxValue, execution.Task);
        if (state == TaskState.Failed && !Graph.Tasks[execution.Task].AllowFailure) FirstFailed = Math.Min(FirstFailed ?? int.MaxValue, execution.Task);

        var data = new Dictionary<string, string>();
        if (reason is not null) data["reason"] = reason;
        if (execution.ExitCode is { } code) data["exit_code"] = code.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (execution.SkippedBy is { } by) data["skipped_by"] = Graph.Tasks[by].Id;
        Add(
            state switch
            {
                TaskState.Succeeded => EventTypes.TaskSucceeded,
                TaskState.Failed => EventTypes.TaskFailed,
                TaskState.Cancelled => EventTypes.TaskCancelled,
                _ => EventTypes.TaskSkipped,
            },
            now, execution, data);
        foreach (var child in Graph.ChildrenOf(execution.Task)) _deliveries.Enqueue((execution.Task, state, child));
    }

    /// <summary>
    /// Tells children of their parents' ends until nothing moves; breadth first, so a chain of a thousand skips needs no stack. It halts at
    /// the first child that is not loaded rather than going on around it, so the order of events is that of a run loaded whole.
    /// </summary>
    private bool Settle(DateTimeOffset now)
    {
        while (Open > 0 && _deliveries.TryPeek(out var delivery))
        {
            if (!_tasks.TryGetValue(delivery.Child, out var child)) return true;
            _deliveries.Dequeue();
            if (child.State.IsFinal()) continue; // cancelled before its parents ended
            child.OpenParents--;
            _changed.Add(child.Task);
            if (!Holds(Graph.ConditionOf(child.Task, delivery.Parent), delivery.Outcome))
            {
                child.BlockedBy = Math.Min(child.BlockedBy ?? int.MaxValue, delivery.Parent);
            }

            // Decided when the last parent ends and never before, so the outcome does not depend on the order of ends.
            if (child is { State: TaskState.Waiting, OpenParents: 0 }) Decide(child, now);
        }

        _deliveries.Clear(); // what is left when nothing is open would reach ended tasks only
        if (Open == 0 && !State.IsFinal()) Finish(now);
        return true;
    }

    private void Decide(TaskExecution child, DateTimeOffset now)
    {
        if (child.BlockedBy is { } parent)
        {
            child.SkippedBy = parent;
            var came = Graph.ConditionOf(child.Task, parent) switch
            {
                ParentCondition.Success => "did not succeed",
                ParentCondition.Failure => "did not fail",
                _ => "was cancelled",
            };
            End(child, TaskState.Skipped, Reasons.ParentOutcome, $"Task '{Graph.Tasks[parent].Id}' {came}.", now);
        }
        else
        {
            MakeReady(child, now);
        }
    }

    private void Finish(DateTimeOffset now)
    {
        EndedAt = now;
        (State, Reason, Message) = this switch
        {
            { CancelRequestedAt: not null } => (RunState.Cancelled, Reasons.UserCancelled, CancelMessage),
            { FirstCancelled: { } task } => (RunState.Cancelled, Reasons.TaskCancelled, $"Task '{Graph.Tasks[task].Id}' was cancelled."),
            { FirstFailed: { } task } => (RunState.Failed, Reasons.TaskFailed, $"Task '{Graph.Tasks[task].Id}' failed."),
            _ => (RunState.Succeeded, (string?)null, (string?)null),
        };
        Add(
            State switch
            {
                RunState.Cancelled => EventTypes.RunCancelled,
                RunState.Failed => EventTypes.RunFailed,
                _ => EventTypes.RunSucceeded,
            },
            now, null, Reason is null ? null : new Dictionary<string, string> { ["reason"] = Reason });
    }

    private void Add(string type, DateTimeOffset now, TaskExecution? execution = null, IReadOnlyDictionary<string, string>? data = null)
    {
        if (execution is not null) _changed.Add(execution.Task);
        _events.Add(new RunEvent(++EventSeq, type, now, execution?.Task, execution?.Attempt, data ?? NoData));
    }
}
