namespace Gofer.Infrastructure.Notifications;

/// <summary>Something to be sent, with every secret in its place: not to be stored or logged.</summary>
public sealed record Delivery
{
    /// <summary>The delivery's id, the same at each attempt.</summary>
    public required Guid Id { get; init; }

    /// <summary>The event's type, such as <c>run.failed</c>.</summary>
    public required string Event { get; init; }

    /// <summary>The address.</summary>
    public required string Url { get; init; }

    /// <summary>Whether the address came out of a secret.</summary>
    public bool HidesUrl { get; init; }

    /// <summary>The key that signs; null where nothing is signed.</summary>
    public string? Key { get; init; }

    /// <summary>What is sent, JSON in UTF-8.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The id and the event.</summary>
    public override string ToString() => $"{Event} {Id}";
}
