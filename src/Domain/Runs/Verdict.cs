using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Runs;

/// <summary>What an attempt's outcome means for its task: the state that it would end in, why, and in words.</summary>
internal readonly record struct Verdict(TaskState State, string? Reason, string? Message)
{
    /// <summary>Judges an outcome. A stop that was asked for wins over any.</summary>
    public static Verdict Of(TaskExecution execution, TaskOutcome outcome) => execution switch
    {
        { StopRequestedAt: not null, StopReason: Reasons.Poison } => new(TaskState.Failed, Reasons.Poison, execution.StopMessage),
        { StopRequestedAt: not null } => new(TaskState.Cancelled, execution.StopReason ?? Reasons.UserCancelled, execution.StopMessage),
        _ => Of(outcome),
    };

    /// <summary>Whether a parent that came to <paramref name="outcome"/> is what the child asked for.</summary>
    public static bool Satisfies(ParentCondition condition, TaskState outcome) => condition switch
    {
        ParentCondition.Success => outcome == TaskState.Succeeded,
        ParentCondition.Failure => outcome == TaskState.Failed,
        ParentCondition.Any => outcome is TaskState.Succeeded or TaskState.Failed or TaskState.Skipped,
        _ => throw new InvalidOperationException($"Unknown condition {condition}."),
    };

    /// <summary>
    /// What instances come to together: cancelled where one was, else failed where one was, else skipped where all were (they have the same
    /// parents, so all are or none is), else succeeded. Does not depend on their order.
    /// </summary>
    public static TaskState Worse(TaskState? soFar, TaskState next)
    {
        return soFar is { } before && Rank(before) >= Rank(next) ? before : next;

        static int Rank(TaskState state) => state switch
        {
            TaskState.Cancelled => 3,
            TaskState.Failed => 2,
            TaskState.Skipped => 1,
            _ => 0,
        };
    }

    /// <summary>An exit code in words: above 128 it is a signal's, and a shell has two of its own.</summary>
    private static string Words(int code) => code switch
    {
        126 => "The container ended with exit code 126: what its command names may not be executed. Is it a program, and executable (chmod +x)?",
        127 => "The container ended with exit code 127: what its command names was not found. Is it in the image, and on its PATH?",
        137 => "The container ended with exit code 137: it was killed (SIGKILL), by hand or because the machine had no memory left.",
        139 => "The container ended with exit code 139: it crashed by a bad memory access (SIGSEGV).",
        143 => "The container ended with exit code 143: it was asked to stop (SIGTERM) by somebody else than Gofer.",
        _ => $"The container ended with exit code {code}.",
    };

    private static Verdict Of(TaskOutcome outcome) => outcome switch
    {
        TaskOutcome.Exited { ExitCode: 0, OutOfMemory: false } => new(TaskState.Succeeded, null, null),
        TaskOutcome.Exited { OutOfMemory: true } oom => new(TaskState.Failed, Reasons.OutOfMemory, oom.Message ?? "The container went over its memory limit and was killed. Give the task more resources.memory, or less to do at a time."),
        TaskOutcome.Exited exited => new(TaskState.Failed, Reasons.ExitCode, exited.Message ?? Words(exited.ExitCode)),
        TaskOutcome.TimedOut timedOut => new(TaskState.Failed, Reasons.Timeout, $"The container ran longer than the timeout of {Duration.Text(timedOut.Limit)} and was stopped."),
        TaskOutcome.Refused refused => new(TaskState.Failed, refused.Reason, refused.Message),
        TaskOutcome.Lost lost => new(TaskState.Failed, Reasons.Lost, lost.Message),
        // Only a task that was asked to stop may say this; one that was not has lost something that it should have had.
        TaskOutcome.NeverStarted => new(TaskState.Failed, Reasons.SchedulerError, "The container was never started."),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome}."),
    };
}
