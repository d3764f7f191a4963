namespace Gofer.Domain.Runs;

/// <summary>Why a run or a task came to its state; added, never renamed.</summary>
public static class Reasons
{
    /// <summary>The container ended with another exit code than 0.</summary>
    public const string ExitCode = "exit_code";

    /// <summary>The kernel killed the container because it went over its memory limit.</summary>
    public const string OutOfMemory = "oom";

    /// <summary>The attempt ran longer than the task's timeout and was stopped.</summary>
    public const string Timeout = "timeout";

    /// <summary>The image could not be had.</summary>
    public const string ImagePull = "image_pull";

    /// <summary>The container scheduler refused the container.</summary>
    public const string SchedulerError = "scheduler_error";

    /// <summary>The container vanished before its exit code was read.</summary>
    public const string Lost = "lost";

    /// <summary>A secret that the task names is not there, or cannot be read.</summary>
    public const string MissingSecret = "missing_secret";

    /// <summary>An object that the task names is not there, or cannot be a variable.</summary>
    public const string MissingObject = "missing_object";

    /// <summary>Its workers died again and again, and it was what they had in common.</summary>
    public const string Poison = "poison";

    /// <summary>A parent came to something else than the task asked for.</summary>
    public const string ParentOutcome = "parent_outcome";

    /// <summary>Somebody cancelled it.</summary>
    public const string UserCancelled = "user_cancelled";

    /// <summary>The run took longer than the pipeline's timeout.</summary>
    public const string RunTimeout = "run_timeout";

    /// <summary>A newer run took its place, or it found none, as the pipeline's <c>on_limit</c> says.</summary>
    public const string Superseded = "superseded";

    /// <summary>A task without <c>allow_failure</c> failed (of a run).</summary>
    public const string TaskFailed = "task_failed";

    /// <summary>A task was cancelled (of a run).</summary>
    public const string TaskCancelled = "task_cancelled";
}
