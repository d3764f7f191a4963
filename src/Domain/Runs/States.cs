namespace Gofer.Domain.Runs;

/// <summary>Where a run stands; the last three are final.</summary>
public enum RunState
{
    /// <summary>Waits for a slot of its pipeline; no task of it is queued.</summary>
    Pending,

    /// <summary>Admitted: its tasks run as their parents allow.</summary>
    Running,

    /// <summary>Every task ended and none failed, but where that was allowed.</summary>
    Succeeded,

    /// <summary>A task failed.</summary>
    Failed,

    /// <summary>It, or a task of it, was cancelled.</summary>
    Cancelled,
}

/// <summary>Where one task of one run stands; the last four are final.</summary>
public enum TaskState
{
    /// <summary>Waits for its parents, or for its run to be admitted.</summary>
    Waiting,

    /// <summary>In the queue.</summary>
    Ready,

    /// <summary>A worker claimed it and prepares the container.</summary>
    Starting,

    /// <summary>Its container runs.</summary>
    Running,

    /// <summary>The container ended with exit code 0.</summary>
    Succeeded,

    /// <summary>The container failed, or could not be started.</summary>
    Failed,

    /// <summary>Stopped or never started because somebody said so.</summary>
    Cancelled,

    /// <summary>A parent came to something else than the task asked for.</summary>
    Skipped,
}

/// <summary>Questions about states.</summary>
public static class States
{
    /// <summary>Whether the state is final.</summary>
    public static bool IsFinal(this RunState state) => state >= RunState.Succeeded;

    /// <summary>Whether the state is final.</summary>
    public static bool IsFinal(this TaskState state) => state >= TaskState.Succeeded;

    /// <summary>Whether a worker holds the task: its container may exist.</summary>
    public static bool IsHeld(this TaskState state) => state is TaskState.Starting or TaskState.Running;
}
