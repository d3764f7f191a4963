namespace Gofer.Domain.Runs;

/// <summary>Why a run has the version that it has; added, never renamed.</summary>
public static class VersionReasons
{
    /// <summary>The version was live.</summary>
    public const string Live = "live";

    /// <summary>The run repeats another, or goes on from it.</summary>
    public const string Rerun = "rerun";

    /// <summary>The request named it.</summary>
    public const string Pinned = "pinned";

    /// <summary>The trigger that made the run names it.</summary>
    public const string TriggerOverride = "trigger_override";
}
