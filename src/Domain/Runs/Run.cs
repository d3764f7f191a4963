using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Runs;

/// <summary>
/// A run with its task executions: the state machine <c>(state, event, now) → (state, effects)</c>. It may be loaded in part: an event
/// that reaches an execution which is not there waits in <see cref="Missing"/> until <see cref="Supply"/> brings it, so no step needs
/// the whole run. It does no I/O; what it changed, added and wants done is read from <see cref="Changed"/>, <see cref="NewEvents"/>,
/// <see cref="Enqueued"/> and the lists beside them and written by the engine in one transaction.
/// </summary>
public sealed class Run(RunId id, TaskGraph graph, IEnumerable<TaskExecution> tasks) : RunChanges(id, graph, tasks)
{
    private readonly Queue<(int Parent, TaskState Outcome, int Child)> _deliveries = new();

    /// <summary>Executions that an event reached and that are not loaded; nothing may be written until this is empty.</summary>
    public IReadOnlyList<int> Missing => [.. _deliveries.Select(d => d.Child).Where(c => !Loaded.ContainsKey(c)).Distinct()];

    /// <summary>
    /// A new run, pending, with every execution waiting but those that <paramref name="reused"/> has a result for, by index: they have
    /// succeeded from the start.
    /// </summary>
    public static Run Create(
        RunId id, TaskGraph graph, DateTimeOffset now, int priority = 0, bool isCapped = false, IReadOnlyDictionary<int, Reused>? reused = null)
    {
        var tasks = Enumerable.Range(0, graph.Count)
            .Select(t => new TaskExecution { Task = t, State = TaskState.Waiting, OpenParents = graph.ParentsOf(t).Count });
        var run = new Run(id, graph, tasks) { State = RunState.Pending, Open = graph.Count, Priority = priority, IsCapped = isCapped };
        run.ChangedTasks.UnionWith(run.Loaded.Keys);
        run.Say(EventTypes.RunCreated, now);
        foreach (var (task, source) in reused ?? new Dictionary<int, Reused>()) run.Reuse(run.Loaded[task], source, now);
        run.Settle(now);
        return run;
    }

    /// <summary>Lets a pending run start: what waits for no parent is decided. Wants every execution loaded; false where it is not pending.</summary>
    public bool Admit(DateTimeOffset now)
    {
        if (State != RunState.Pending) return false;
        (State, StartedAt) = (RunState.Running, now);
        Say(EventTypes.RunStarted, now);
        for (var task = 0; task < Graph.Count; task++)
        {
            if (Loaded[task] is { OpenParents: 0, State: TaskState.Waiting } execution) Decide(execution, now);
        }

        return Settle(now);
    }

    /// <summary>A task that wants a slot of its limits has one of each now.</summary>
    public void Grant(int task, DateTimeOffset now)
    {
        var execution = Loaded[task];
        if (execution.WaitingFor == Runs.WaitingFor.Concurrency) UnheldTasks.Add(task);
        (execution.WaitingFor, execution.HoldsSlots) = (null, true);
        Enqueue(execution, now);
    }

    /// <summary>A task that wants a slot waits for it.</summary>
    public void Hold(int task, string message, DateTimeOffset now)
    {
        var execution = Loaded[task];
        (execution.State, execution.WaitingFor, execution.Message) = (TaskState.Waiting, Runs.WaitingFor.Concurrency, message);
        Say(EventTypes.TaskHeld, now, execution);
    }

    /// <summary>The time of a retry has come; false where the task does not wait for one any more.</summary>
    public bool Retry(int task, DateTimeOffset now)
    {
        if (State != RunState.Running || Loaded[task] is not { State: TaskState.Waiting, WaitingFor: Runs.WaitingFor.Retry } execution) return false;
        UnheldTasks.Add(task);
        MakeReady(execution, now);
        return true;
    }

    /// <summary>A worker takes a ready task under a new fence; false where the task is not to be had any more.</summary>
    public bool Claim(int task, WorkerId worker, string backend, string scheduler, string node, DateTimeOffset now)
    {
        var execution = Loaded[task];
        if (State != RunState.Running || execution.State != TaskState.Ready) return false;
        if (execution.Backend is { } bound && bound != backend) return false;

        (execution.State, execution.Worker, execution.Fence) = (TaskState.Starting, worker, execution.Fence + 1);
        (execution.Backend, execution.Scheduler, execution.Node) = (backend, scheduler, node);
        Say(EventTypes.TaskStarting, now, execution, new Dictionary<string, string> { ["worker"] = worker.ToString(), ["node"] = node });
        return true;
    }

    /// <summary>Notes what a starting task waits for; false where the caller lost the right to say so.</summary>
    public bool Progress(int task, WorkerId worker, long fence, string message)
    {
        if (Held(task, worker, fence) is not { State: TaskState.Starting } execution) return false;
        execution.Message = message;
        ChangedTasks.Add(task);
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
        Say(adopted ? EventTypes.TaskAdopted : EventTypes.TaskStarted, now, execution);
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

        if (outcome is TaskOutcome.TimedOut timedOut) execution.ExitCode = timedOut.ExitCode;
        Conclude(execution, Verdict.Of(execution, outcome), now);
        return Settle(now);
    }

    /// <summary>
    /// The task's worker leaves or, with <paramref name="died"/>, was lost: the task goes back to the queue, its container, if any,
    /// untouched.
    /// </summary>
    public bool Requeue(int task, WorkerId worker, long fence, string why, bool died, DateTimeOffset now)
    {
        if (Held(task, worker, fence) is not { } execution) return false;
        (execution.State, execution.Worker, execution.Message, execution.ReadyAt) = (TaskState.Ready, null, null, now);
        if (died) execution.Deaths++;
        EnqueuedTasks.Add(task);
        Say(EventTypes.TaskRequeued, now, execution, new Dictionary<string, string> { ["why"] = why });
        return true;
    }

    /// <summary>A requeued task is what its dead workers had in common: whoever claims it next stops its container, and it fails.</summary>
    public bool Condemn(int task, string message, DateTimeOffset now)
    {
        if (Loaded[task] is not { State: TaskState.Ready, StopRequestedAt: null } execution) return false;
        (execution.StopRequestedAt, execution.StopReason, execution.StopMessage) = (now, Reasons.Poison, message);
        ChangedTasks.Add(task);
        return true;
    }

    /// <summary>No worker reaches the back end of a requeued task any more: its attempt is lost.</summary>
    public bool Lose(int task, string message, DateTimeOffset now)
    {
        if (Loaded[task] is not { State: TaskState.Ready, Backend: not null } execution) return false;
        Conclude(execution, Verdict.Of(execution, new TaskOutcome.Lost(message)) with { Message = message }, now);
        return Settle(now);
    }

    /// <summary>
    /// Cancels the run: tasks that have no container end at once, the others are asked to stop and the run ends with the last of them.
    /// Wants every execution loaded. False where the run has ended or is being stopped already: nothing changed.
    /// </summary>
    public bool Cancel(string? message, DateTimeOffset now, string reason = Reasons.UserCancelled)
    {
        if (State.IsFinal() || CancelRequestedAt is not null) return false;
        (CancelRequestedAt, CancelReason, CancelMessage) = (now, reason, message);
        Say(reason == Reasons.RunTimeout ? EventTypes.RunTimedOut : EventTypes.RunCancelRequested, now);
        foreach (var execution in Loaded.Values.OrderBy(t => t.Task))
        {
            if (!execution.State.IsFinal() && !Graph.Nodes[execution.Task].IsJoin) Stop(execution, message, reason, now);
        }

        return Settle(now);
    }

    /// <summary>Stops a run that took longer than the <paramref name="limit"/> of its pipeline, as <see cref="Cancel"/> does.</summary>
    public bool TimeOut(TimeSpan limit, DateTimeOffset now) =>
        Cancel($"The run took longer than its timeout of {Duration.Text(limit)}.", now, Reasons.RunTimeout);

    /// <summary>Cancels one task; false where it has ended or was asked to stop before.</summary>
    public bool CancelTask(int task, string? message, DateTimeOffset now)
    {
        var execution = Loaded[task];
        if (execution.State.IsFinal() || execution.StopRequestedAt is not null) return false;
        Stop(execution, message, Reasons.UserCancelled, now);
        return Settle(now);
    }

    /// <summary>Brings executions that were not loaded, before an event that wants them all.</summary>
    public void Add(IEnumerable<TaskExecution> tasks)
    {
        foreach (var task in tasks) Loaded.TryAdd(task.Task, task);
    }

    /// <summary>Brings executions of <see cref="Missing"/> and goes on with what waited for them.</summary>
    public void Supply(IEnumerable<TaskExecution> tasks, DateTimeOffset now)
    {
        Add(tasks);
        Settle(now);
    }

    private TaskExecution? Held(int task, WorkerId worker, long fence) =>
        Loaded[task] is { } execution && execution.IsHeldBy(worker, fence) ? execution : null;

    /// <summary>The next attempt may begin: at once, or as soon as the limits over it have a slot.</summary>
    private void MakeReady(TaskExecution execution, DateTimeOffset now)
    {
        execution.Attempt++;
        (execution.WaitingFor, execution.WaitUntil, execution.Message) = (null, null, null);
        ChangedTasks.Add(execution.Task);
        if (IsCapped || Graph.Nodes[execution.Task].Definition.Concurrency is not null) WantingTasks.Add(execution.Task);
        else Enqueue(execution, now);
    }

    private void Enqueue(TaskExecution execution, DateTimeOffset now)
    {
        (execution.State, execution.ReadyAt, execution.Message) = (TaskState.Ready, now, null);
        EnqueuedTasks.Add(execution.Task);
        Say(EventTypes.TaskReady, now, execution);
    }

    private void Stop(TaskExecution execution, string? message, string reason, DateTimeOffset now)
    {
        // A requeued task may have a living container: it is stopped by whoever claims it, and until then nobody may call it ended.
        if (execution.State.IsHeld() || execution is { State: TaskState.Ready, Backend: not null })
        {
            if (execution.StopRequestedAt is not null) return;
            (execution.StopRequestedAt, execution.StopReason, execution.StopMessage) = (now, reason, message);
            Say(EventTypes.TaskCancelRequested, now, execution);
            return;
        }

        End(execution, new Verdict(TaskState.Cancelled, reason, message), now);
    }

    private void Reuse(TaskExecution execution, Reused source, DateTimeOffset now)
    {
        (execution.Reused, execution.Attempt, execution.ExitCode, execution.ImageDigest) = (source, source.Attempt, source.ExitCode, source.ImageDigest);
        execution.StartedAt = source.StartedAt;
        End(execution, new Verdict(TaskState.Succeeded, null, $"Taken over from run {source.Number}."), now);
    }

    /// <summary>An attempt is over: another follows, where the policy says so and nothing stopped it, or the task is.</summary>
    private void Conclude(TaskExecution execution, Verdict verdict, DateTimeOffset now)
    {
        var policy = Graph.Nodes[execution.Task].Definition.Retry;
        if (verdict.State == TaskState.Failed && execution.StopRequestedAt is null && CancelRequestedAt is null
            && policy.Retries(execution.Attempt, verdict.Reason, execution.ExitCode))
        {
            Wait(execution, verdict, policy.Delay(Id, execution.Task, execution.Attempt), now);
        }
        else
        {
            End(execution, verdict, now);
        }
    }

    private void Wait(TaskExecution execution, Verdict verdict, TimeSpan delay, DateTimeOffset now)
    {
        Failures.Add(new FailedAttempt(
            execution.Task, execution.Attempt, verdict.Reason, verdict.Message, execution.ExitCode, execution.Scheduler, execution.Node, execution.ImageDigest,
            execution.StartedAt, now));
        var next = now + delay;
        Say(EventTypes.TaskRetried, now, execution, new Dictionary<string, string>
        {
            ["reason"] = verdict.Reason!,
            ["next_at"] = next.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        });
        Free(execution);
        (execution.State, execution.WaitingFor, execution.WaitUntil) = (TaskState.Waiting, Runs.WaitingFor.Retry, next);
        execution.Message = $"Attempt {execution.Attempt} failed ({verdict.Reason}): {verdict.Message}";
        (execution.Worker, execution.Backend, execution.Scheduler, execution.Node, execution.ImageDigest) = (null, null, null, null, null);
        (execution.StartedAt, execution.ExitCode, execution.Deaths) = (null, null, 0);
    }

    private void Free(TaskExecution execution)
    {
        if (!execution.HoldsSlots) return;
        execution.HoldsSlots = false;
        FreedTasks.Add(execution.Task);
    }

    private void End(TaskExecution execution, Verdict verdict, DateTimeOffset now)
    {
        if (execution.WaitingFor is not null) UnheldTasks.Add(execution.Task);
        Free(execution);
        (execution.State, execution.Reason, execution.Message, execution.EndedAt, execution.Worker) = (verdict.State, verdict.Reason, verdict.Message, now, null);
        (execution.WaitingFor, execution.WaitUntil) = (null, null);
        WantingTasks.Remove(execution.Task);
        Open--;
        if (Graph.Nodes[execution.Task] is { IsJoin: false } node)
        {
            if (verdict.State == TaskState.Cancelled) FirstCancelled = Math.Min(FirstCancelled ?? int.MaxValue, execution.Task);
            if (verdict.State == TaskState.Failed && !node.Definition.AllowFailure) FirstFailed = Math.Min(FirstFailed ?? int.MaxValue, execution.Task);
            SayEnd(execution, now);
        }

        foreach (var child in Graph.ChildrenOf(execution.Task)) _deliveries.Enqueue((execution.Task, verdict.State, child));
    }

    /// <summary>
    /// Tells children of their parents' ends until nothing moves; breadth first, so a chain of a thousand skips needs no stack. It halts at
    /// the first child that is not loaded rather than going on around it, so the order of events is that of a run loaded whole.
    /// </summary>
    private bool Settle(DateTimeOffset now)
    {
        while (Open > 0 && _deliveries.TryPeek(out var delivery))
        {
            if (!Loaded.TryGetValue(delivery.Child, out var child)) return true;
            _deliveries.Dequeue();
            if (child.State.IsFinal()) continue; // cancelled before its parents ended
            child.OpenParents--;
            ChangedTasks.Add(child.Task);
            if (Graph.Nodes[child.Task].IsJoin)
            {
                child.Worst = Verdict.Worse(child.Worst, delivery.Outcome);
            }
            else if (!Verdict.Satisfies(Graph.ConditionOf(child.Task, delivery.Parent), delivery.Outcome))
            {
                child.BlockedBy = Math.Min(child.BlockedBy ?? int.MaxValue, delivery.Parent);
            }

            // Decided when the last parent ends and never before, so the outcome does not depend on the order of ends. A pending run's are
            // decided when it is admitted.
            if (child is { State: TaskState.Waiting, OpenParents: 0 } && (State != RunState.Pending || Graph.Nodes[child.Task].IsJoin)) Decide(child, now);
        }

        _deliveries.Clear(); // what is left when nothing is open would reach ended tasks only
        if (Open == 0 && !State.IsFinal()) Finish(now);
        return true;
    }

    private void Decide(TaskExecution child, DateTimeOffset now)
    {
        if (child.Worst is { } worst)
        {
            End(child, new Verdict(worst, null, null), now);
        }
        else if (child.BlockedBy is { } parent)
        {
            child.SkippedBy = parent;
            var came = Graph.ConditionOf(child.Task, parent) switch
            {
                ParentCondition.Success => "did not succeed",
                ParentCondition.Failure => "did not fail",
                _ => "was cancelled",
            };
            End(child, new Verdict(TaskState.Skipped, Reasons.ParentOutcome, $"Task '{Graph.Nodes[parent].Id}' {came}."), now);
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
            { CancelReason: Reasons.RunTimeout } => (RunState.Failed, Reasons.RunTimeout, CancelMessage),
            { CancelRequestedAt: not null } => (RunState.Cancelled, CancelReason ?? Reasons.UserCancelled, CancelMessage),
            { FirstCancelled: { } task } => (RunState.Cancelled, Reasons.TaskCancelled, $"Task '{Graph.Nodes[task].Id}' was cancelled."),
            { FirstFailed: { } task } => (RunState.Failed, Reasons.TaskFailed, $"Task '{Graph.Nodes[task].Id}' failed."),
            _ => (RunState.Succeeded, (string?)null, (string?)null),
        };
        Say(
            State switch
            {
                RunState.Cancelled => EventTypes.RunCancelled,
                RunState.Failed => EventTypes.RunFailed,
                _ => EventTypes.RunSucceeded,
            },
            now, null, Reason is null ? null : new Dictionary<string, string> { ["reason"] = Reason });
    }
}
