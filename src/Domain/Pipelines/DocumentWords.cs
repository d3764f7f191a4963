using Gofer.Domain.Runs;

namespace Gofer.Domain.Pipelines;

/// <summary>The words that a member of the document may have where it has a few; the reader and the schema take them from here. Their letter case does not matter.</summary>
internal static class DocumentWords
{
    /// <summary>The greatest exit code that a container ends with.</summary>
    public const int MaxExitCode = 255;

    /// <summary>What <c>on_limit</c> may be.</summary>
    public static string[] Policies { get; } = ["queue", "cancel_oldest", "skip"];

    /// <summary>What a parent must have come to.</summary>
    public static string[] Conditions { get; } = ["success", "failure", "any"];

    /// <summary>What a parameter may be.</summary>
    public static string[] Types { get; } = ["string", "int", "number", "bool"];

    /// <summary>What a retry may be for.</summary>
    public static string[] Failures { get; } =
        [Reasons.ExitCode, Reasons.OutOfMemory, Reasons.ImagePull, Reasons.Lost, Reasons.Timeout, Reasons.SchedulerError];
}
