using Gofer.Domain.Extensions;

namespace Gofer.Application.Extensions;

/// <summary>Opens ways to extensions.</summary>
public interface IExtensionDialer
{
    /// <summary>A way to the extension at that address which knows that token; nothing is sent yet.</summary>
    IExtensionLink Dial(Uri address, string token);
}

/// <summary>
/// A way to an extension, as <c>proto/gofer/extension/v1</c> has it. Whatever comes is believed only where it proves to come from who knows the token, and keeps to the
/// rules. Calls throw <see cref="ExtensionUnavailableException"/> where nothing that can be used came, and <see cref="ExtensionProtocolException"/> where a rule is broken.
/// </summary>
public interface IExtensionLink : IDisposable
{
    /// <summary>Returns where it says that it takes calls.</summary>
    Task HealthAsync(CancellationToken cancellationToken);

    /// <summary>What it says of itself.</summary>
    Task<ExtensionDescription> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>What is wrong with a subscription, one sentence each; nothing where it may be made.</summary>
    Task<IReadOnlyList<ExtensionProblem>> ValidateAsync(SubscriptionOrder order, CancellationToken cancellationToken);

    /// <summary>Subscribes, or subscribes anew; where anything is answered it is not subscribed.</summary>
    Task<IReadOnlyList<ExtensionProblem>> SubscribeAsync(SubscriptionOrder order, string cursor, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Ends a subscription.</summary>
    Task UnsubscribeAsync(string subscription, CancellationToken cancellationToken);

    /// <summary>Hands it a request that somebody sent.</summary>
    Task HandleAsync(ExternalRequest request, CancellationToken cancellationToken);

    /// <summary>Asks it to end itself.</summary>
    Task ShutdownAsync(CancellationToken cancellationToken);

    /// <summary>Begins to watch: no more events than <paramref name="window"/> are on their way without an acknowledgement.</summary>
    Task<IExtensionWatch> WatchAsync(int window, CancellationToken cancellationToken);
}

/// <summary>A stream of an extension's events.</summary>
public interface IExtensionWatch : IDisposable
{
    /// <summary>The next event; null where the extension ended the stream.</summary>
    Task<WatchedEvent?> NextAsync(CancellationToken cancellationToken);

    /// <summary>Says that events are stored.</summary>
    Task AcknowledgeAsync(IReadOnlyCollection<WatchedEvent> events, CancellationToken cancellationToken);
}

/// <summary>An event as it came. <paramref name="Data"/> is a JSON object.</summary>
public sealed record WatchedEvent(string Subscription, string Id, DateTimeOffset? Time, ReadOnlyMemory<byte> Data, string Cursor);

/// <summary>A subscription as an extension is told of it.</summary>
public sealed record SubscriptionOrder(string Id, string Namespace, string Pipeline, string Trigger, IReadOnlyDictionary<string, string> Params);

/// <summary>Something that a user has to mend; the parameter is empty where it is about all of them.</summary>
public sealed record ExtensionProblem(string Param, string Message);
