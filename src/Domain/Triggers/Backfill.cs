using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>Where a backfill stands; words of the API, added, never renamed.</summary>
public enum BackfillState
{
    /// <summary>It makes runs, so many at a time.</summary>
    Running,

    /// <summary>It makes no more until it is resumed.</summary>
    Paused,

    /// <summary>It makes no more, and its runs are being cancelled.</summary>
    Cancelling,

    /// <summary>It was cancelled; nothing of it is left.</summary>
    Cancelled,

    /// <summary>Each of its times became an event, and the runs of them have ended.</summary>
    Completed,
}

/// <summary>
/// The past times of a trigger's schedule, to be run as if they came now, so many at a time. Which times those are is settled when it is made: a schedule that changes
/// afterwards changes nothing of it.
/// </summary>
public sealed class Backfill
{
    /// <summary>The most times of one.</summary>
    public const int MaxTimes = 10_000;

    /// <summary>The most that one pipeline has which have not ended.</summary>
    public const int MaxActive = 5;

    /// <summary>The most of its runs that are active at a time.</summary>
    public const int MaxParallel = 100;

    /// <summary>How many of its runs are active at a time where nobody says.</summary>
    public const int DefaultParallel = 4;

    /// <summary>Why it ended where somebody cancelled it.</summary>
    public const string Asked = "It was cancelled.";

    /// <summary>What its runs say that are cancelled with it.</summary>
    public const string Cancels = "The backfill was cancelled.";

    /// <summary>Its id, a UUIDv7: the order in which they were made.</summary>
    public required BackfillId Id { get; init; }

    /// <summary>The namespace of the trigger's pipeline.</summary>
    public required NamespaceId NamespaceId { get; init; }

    /// <summary>The trigger's pipeline.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>The trigger, which may be gone.</summary>
    public required TriggerId TriggerId { get; init; }

    /// <summary>The trigger's name as it was.</summary>
    public required string Trigger { get; init; }

    /// <summary>Where it stands.</summary>
    public BackfillState State { get; private set; }

    /// <summary>Why it was cancelled, in words; null for the rest.</summary>
    public string? Reason { get; private set; }

    /// <summary>The first moment that belongs to it.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The first moment after <see cref="From"/> that does not.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>How many times were asked for at most; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>How many of its runs are active at a time, at most.</summary>
    public required int Parallel { get; init; }

    /// <summary>Whether the newest time is the first.</summary>
    public bool Reverse { get; init; }

    /// <summary>The version of its runs; what the trigger says where it is null.</summary>
    public int? Version { get; init; }

    /// <summary>Parameters that win over the trigger's.</summary>
    public Dictionary<string, System.Text.Json.JsonElement>? Params { get; init; }

    /// <summary>How many times it has.</summary>
    public required int Total { get; init; }

    /// <summary>How many of them became events: the first so many.</summary>
    public int Made { get; private set; }

    /// <summary>Who made it.</summary>
    public string? Actor { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it came to its end; null before that.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Lets it make no more runs, or go on; false where that is how it stands.</summary>
    public Result<bool> Pause(bool paused) => (State, paused) switch
    {
        (BackfillState.Running, true) => Move(BackfillState.Paused),
        (BackfillState.Paused, false) => Move(BackfillState.Running),
        (BackfillState.Running, false) or (BackfillState.Paused, true) => false,
        (BackfillState.Cancelling, _) => Refusal("is being cancelled"),
        (BackfillState.Cancelled, _) => Refusal("was cancelled"),
        _ => Refusal("is completed"),
    };

    /// <summary>Lets it make no more runs for good; false where that was asked before. Its runs are for the caller to cancel.</summary>
    public Result<bool> Cancel()
    {
        if (State is BackfillState.Cancelling or BackfillState.Cancelled) return false;
        if (State == BackfillState.Completed) return Refusal("is completed");
        Reason = Asked;
        return Move(BackfillState.Cancelling);
    }

    private bool Move(BackfillState state)
    {
        State = state;
        return true;
    }

    private static Error Refusal(string stands) => new(ErrorKind.Conflict, ErrorCodes.BackfillEnded, $"The backfill {stands}, and nothing of it is left to change.");
}
