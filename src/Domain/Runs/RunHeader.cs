namespace Gofer.Domain.Runs;

/// <summary>What a run's own row says. The setters are open to the <see cref="Run"/> and to whoever restores it.</summary>
public abstract class RunHeader
{
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

    /// <summary>Why it is being cancelled, a code of <see cref="Reasons"/>.</summary>
    public string? CancelReason { get; set; }

    /// <summary>What the one who cancelled said.</summary>
    public string? CancelMessage { get; set; }

    /// <summary>Its priority; higher goes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether a limit of its namespace or of the install is over every task of it.</summary>
    public bool IsCapped { get; init; }
}
