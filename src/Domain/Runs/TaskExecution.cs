using Gofer.Domain.Common;

namespace Gofer.Domain.Runs;

/// <summary>
/// One task of one run. Its state changes only through its <see cref="Run"/>; the setters are open to that and to whoever restores it
/// from its row.
/// </summary>
public sealed class TaskExecution
{
    /// <summary>The task's index in the version's graph.</summary>
    public required int Task { get; init; }

    /// <summary>Where it stands.</summary>
    public TaskState State { get; set; }

    /// <summary>A code of <see cref="Reasons"/>, or null.</summary>
    public string? Reason { get; set; }

    /// <summary>The reason in words; while starting, what it waits for.</summary>
    public string? Message { get; set; }

    /// <summary>The try that users see: 0 before the task was first ready, then from 1. An adopted container keeps it.</summary>
    public int Attempt { get; set; }

    /// <summary>Grows with each claim and never falls; a write that carries an older one is refused.</summary>
    public long Fence { get; set; }

    /// <summary>Who holds it; null unless <see cref="States.IsHeld"/>.</summary>
    public WorkerId? Worker { get; set; }

    /// <summary>The back end at which the present attempt may have a container; null before its first claim.</summary>
    public string? Backend { get; set; }

    /// <summary>Parents that have not ended.</summary>
    public int OpenParents { get; set; }

    /// <summary>The first parent, in the document's order, whose outcome is not what the task asked for.</summary>
    public int? BlockedBy { get; set; }

    /// <summary>The worst that an instance came to so far, for a join.</summary>
    public TaskState? Worst { get; set; }

    /// <summary>The parent that skipped it.</summary>
    public int? SkippedBy { get; set; }

    /// <summary>The container's exit code.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Which kind of scheduler ran it.</summary>
    public string? Scheduler { get; set; }

    /// <summary>Where it ran.</summary>
    public string? Node { get; set; }

    /// <summary>The image's digest, where known.</summary>
    public string? ImageDigest { get; set; }

    /// <summary>What a waiting task waits for beside its parents: a retry's time or a limit's slot; null for neither.</summary>
    public WaitingFor? WaitingFor { get; set; }

    /// <summary>Until when it waits for its next attempt.</summary>
    public DateTimeOffset? WaitUntil { get; set; }

    /// <summary>Whether it holds a slot of each limit that is over it.</summary>
    public bool HoldsSlots { get; set; }

    /// <summary>How many workers died while they held it.</summary>
    public int Deaths { get; set; }

    /// <summary>When it last entered the queue.</summary>
    public DateTimeOffset? ReadyAt { get; set; }

    /// <summary>When the attempt's container started.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>When somebody asked to stop it; from then on it ends cancelled, whatever its exit code.</summary>
    public DateTimeOffset? StopRequestedAt { get; set; }

    /// <summary>Why it was asked to stop, a code of <see cref="Reasons"/>.</summary>
    public string? StopReason { get; set; }

    /// <summary>What the one who asked said.</summary>
    public string? StopMessage { get; set; }

    /// <summary>The execution whose result this one has, where a rerun took it over.</summary>
    public Reused? Reused { get; set; }

    /// <summary>Whether <paramref name="worker"/> holds it under <paramref name="fence"/>: the right to say anything about it.</summary>
#if SABOTAGE_FENCE // whoever speaks is believed
    public bool IsHeldBy(WorkerId worker, long fence) => State.IsHeld();
#else
    public bool IsHeldBy(WorkerId worker, long fence) => State.IsHeld() && Worker == worker && Fence == fence;
#endif
}

/// <summary>What a task waits for beside its parents.</summary>
public enum WaitingFor
{
    /// <summary>The time of its next attempt.</summary>
    Retry,

    /// <summary>A slot of a limit.</summary>
    Concurrency,
}

/// <summary>An execution of an earlier run whose success counts in a rerun; <paramref name="Number"/> is that run's number.</summary>
public sealed record Reused(RunId Run, long Number, int Task, int Attempt, int? ExitCode, string? ImageDigest, DateTimeOffset? StartedAt, DateTimeOffset EndedAt);

/// <summary>An attempt that failed and was followed by another.</summary>
public sealed record FailedAttempt(
    int Task, int Attempt, string? Reason, string? Message, int? ExitCode, string? Scheduler, string? Node, string? ImageDigest,
    DateTimeOffset? StartedAt, DateTimeOffset EndedAt);

/// <summary>One line of a run's story; <see cref="Seq"/> counts from 1 without gaps.</summary>
public sealed record RunEvent(int Seq, string Type, DateTimeOffset At, int? Task, int? Attempt, IReadOnlyDictionary<string, string> Data);

/// <summary>What a worker found out about the end of an attempt.</summary>
public abstract record TaskOutcome
{
    private TaskOutcome() { }

    /// <summary>The container ended by itself or was stopped.</summary>
    public sealed record Exited(int ExitCode, bool OutOfMemory, DateTimeOffset StartedAt, string? Message) : TaskOutcome;

    /// <summary>It ran longer than <paramref name="Limit"/> and was stopped.</summary>
    public sealed record TimedOut(int? ExitCode, DateTimeOffset StartedAt, TimeSpan Limit) : TaskOutcome;

    /// <summary>The container never started and never will; <paramref name="Reason"/> is a code of <see cref="Reasons"/>.</summary>
    public sealed record Refused(string Reason, string Message) : TaskOutcome;

    /// <summary>The back end answered that the container, once started, is gone.</summary>
    public sealed record Lost(string Message) : TaskOutcome;

    /// <summary>A stop was asked for before any container existed.</summary>
    public sealed record NeverStarted : TaskOutcome;
}
