using Gofer.Domain.Common;
using Gofer.Domain.Extensions;

namespace Gofer.Application.Extensions;

/// <summary>What became of an extension, as the engine wrote it.</summary>
public sealed class ExtensionStatusRow
{
    /// <summary>The extension.</summary>
    public required ExtensionId ExtensionId { get; init; }

    /// <summary>What became of it.</summary>
    public required ExtensionState State { get; init; }

    /// <summary>Why, or what is waited for.</summary>
    public string? Message { get; init; }

    /// <summary>What it says of itself, as JSON; null where it never said it.</summary>
    public string? Description { get; init; }

    /// <summary>Containers that were started for it after the first.</summary>
    public required int Restarts { get; init; }

    /// <summary>Since when it answers; null where it does not.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Until when somebody sees to it; null where nobody does.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }
}

/// <summary>What became of a trigger's subscription.</summary>
public sealed class SubscriptionRow
{
    /// <summary>The trigger.</summary>
    public required TriggerId TriggerId { get; init; }

    /// <summary>The extension.</summary>
    public required ExtensionId ExtensionId { get; init; }

    /// <summary>What became of it.</summary>
    public required SubscriptionState State { get; init; }

    /// <summary>Why it is not subscribed.</summary>
    public string? Message { get; init; }
}

/// <summary>Something that an extension wrote.</summary>
public sealed class ExtensionLogRow
{
    /// <summary>The extension.</summary>
    public required ExtensionId ExtensionId { get; init; }

    /// <summary>Its place among all that was stored of it, from 1.</summary>
    public required long Seq { get; init; }

    /// <summary>The bytes, secrets masked.</summary>
    public required byte[] Bytes { get; init; }
}
