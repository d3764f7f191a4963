namespace Gofer.Infrastructure.Stores;

/// <summary>Where a store is that speaks <c>proto/gofer/store/v1</c>.</summary>
public sealed record StoreOptions
{
    /// <summary>The server, such as <c>https://store.example:7443</c>, without a path.</summary>
    public required Uri Address { get; init; }

    /// <summary>What proves who asks, sent with each call; null for a store that lets everybody in who reaches it.</summary>
    public string? Token { get; init; }

    /// <summary>How long a call may take that is not streamed.</summary>
    public TimeSpan CallPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a message of a streamed call may be on its way, and the answer after the last.</summary>
    public TimeSpan StepPatience { get; init; } = TimeSpan.FromSeconds(60);
}
