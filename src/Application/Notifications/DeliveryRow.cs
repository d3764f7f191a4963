using Gofer.Domain.Common;

namespace Gofer.Application.Notifications;

/// <summary>One delivery of the ledger as it stands in its table: what one notification says of one run.</summary>
public sealed class DeliveryRow
{
    /// <summary>Its id, a UUIDv7, which its target is told.</summary>
    public required Guid Id { get; init; }

    /// <summary>The notification, which may be gone.</summary>
    public required NotificationId NotificationId { get; init; }

    /// <summary>The notification's name as it was.</summary>
    public required string Notification { get; init; }

    /// <summary>The namespace of the run.</summary>
    public required NamespaceId NamespaceId { get; init; }

    /// <summary>The pipeline of the run.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>The run's number.</summary>
    public required long Run { get; init; }

    /// <summary>The event's type.</summary>
    public required string Event { get; init; }

    /// <summary>What is told of the run, a word of what a notification's <c>on</c> may have.</summary>
    public required string Outcome { get; init; }

    /// <summary>A constant of <see cref="DeliveryStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Attempts that were made.</summary>
    public int Attempts { get; init; }

    /// <summary>When the next one is, where it is open.</summary>
    public DateTimeOffset DueAt { get; init; }

    /// <summary>The status of the last answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>What the last attempt came to, in words.</summary>
    public string? LastMessage { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? DecidedAt { get; init; }
}

/// <summary>Where a delivery stands.</summary>
public static class DeliveryStates
{
    /// <summary>It is to be sent, perhaps again.</summary>
    public const string Open = "open";

    /// <summary>The target took it.</summary>
    public const string Delivered = "delivered";

    /// <summary>The target did not take it, and it is not tried again.</summary>
    public const string Failed = "failed";

    /// <summary>This server does not call there, and nothing was sent.</summary>
    public const string Refused = "refused";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Open, Delivered, Failed, Refused];
}
