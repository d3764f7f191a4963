namespace Gofer.Domain.Triggers;

/// <summary>Where events of triggers come from; words of the ledger, added, never renamed.</summary>
public static class EventKinds
{
    /// <summary>A scheduled time came.</summary>
    public const string Schedule = "schedule";

    /// <summary>A request came to the trigger's URL.</summary>
    public const string Hook = "hook";

    /// <summary>A run of the pipeline that it follows ended.</summary>
    public const string Pipeline = "pipeline";

    /// <summary>An extension sent it.</summary>
    public const string Extension = "extension";

    /// <summary>Somebody fired it by hand.</summary>
    public const string Manual = "manual";

    /// <summary>An earlier event was replayed.</summary>
    public const string Replay = "replay";

    /// <summary>A past time is made up for by a backfill.</summary>
    public const string Backfill = "backfill";

    /// <summary>Whether somebody asked for this very event, who is not put off by what holds back the rest.</summary>
    public static bool IsAsked(string kind) => kind is Manual or Replay or Backfill;
}

/// <summary>What was decided of an event; words of the ledger, added, never renamed.</summary>
public static class Decisions
{
    /// <summary>A run was made.</summary>
    public const string Ran = "ran";

    /// <summary>It came before.</summary>
    public const string Deduplicated = "deduplicated";

    /// <summary>The trigger's filter does not let it through.</summary>
    public const string Filtered = "filtered";

    /// <summary>A run of the trigger had not ended.</summary>
    public const string Overlapped = "overlapped";

    /// <summary>The pipeline was paused.</summary>
    public const string Paused = "paused";

    /// <summary>Its time passed while nothing could fire it, and <c>catch_up</c> does not ask for it.</summary>
    public const string Missed = "missed";

    /// <summary>The trigger was disabled or deleted.</summary>
    public const string Disabled = "disabled";

    /// <summary>It was an event of a backfill that was cancelled.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>A run was wanted and could not be made.</summary>
    public const string Failed = "failed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Ran, Deduplicated, Filtered, Overlapped, Paused, Missed, Disabled, Cancelled, Failed];
}
