namespace Gofer.Domain.Runs;

/// <summary>The types of a run's events: past tense, dotted; added, never renamed.</summary>
public static class EventTypes
{
    /// <summary>The run was accepted.</summary>
    public const string RunCreated = "run.created";

    /// <summary>The run was admitted.</summary>
    public const string RunStarted = "run.started";

    /// <summary>A cancel of the run was accepted; its running containers are being stopped.</summary>
    public const string RunCancelRequested = "run.cancel_requested";

    /// <summary>The run took longer than its timeout; its running containers are being stopped.</summary>
    public const string RunTimedOut = "run.timed_out";

    /// <summary>The run ended well.</summary>
    public const string RunSucceeded = "run.succeeded";

    /// <summary>The run ended badly.</summary>
    public const string RunFailed = "run.failed";

    /// <summary>The run ended because it was cancelled.</summary>
    public const string RunCancelled = "run.cancelled";

    /// <summary>The task entered the queue.</summary>
    public const string TaskReady = "task.ready";

    /// <summary>A worker claimed the task.</summary>
    public const string TaskStarting = "task.starting";

    /// <summary>The container runs.</summary>
    public const string TaskStarted = "task.started";

    /// <summary>Another worker took over the container that was running already.</summary>
    public const string TaskAdopted = "task.adopted";

    /// <summary>The task's worker was lost or left; another takes the task over.</summary>
    public const string TaskRequeued = "task.requeued";

    /// <summary>An attempt failed and another follows; <c>next_at</c> says when.</summary>
    public const string TaskRetried = "task.retried";

    /// <summary>The task is ready and waits for a slot of a limit.</summary>
    public const string TaskHeld = "task.held";

    /// <summary>A cancel of the running task was accepted; its container is being stopped.</summary>
    public const string TaskCancelRequested = "task.cancel_requested";

    /// <summary>The task ended well.</summary>
    public const string TaskSucceeded = "task.succeeded";

    /// <summary>The task ended badly.</summary>
    public const string TaskFailed = "task.failed";

    /// <summary>The task was cancelled.</summary>
    public const string TaskCancelled = "task.cancelled";

    /// <summary>The task was skipped.</summary>
    public const string TaskSkipped = "task.skipped";
}
