using Gofer.Application.Logs;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;

namespace Gofer.Application.Extensions;

/// <summary>
/// What is known of extensions that run. Each is held by one worker at a time, by a lease; every write carries the fence of the hold and is refused where
/// another worker has taken the extension over.
/// </summary>
public interface IExtensionBoard
{
    /// <summary>
    /// Takes extensions that nobody holds and that this worker can see to, and renews the leases of those that it holds: of all that are wanted, and of those that are not
    /// while a container of them may live. One whose container lives in another back end is left to whoever reaches that, for ten minutes. Answers all that it holds then.
    /// </summary>
    Task<IReadOnlyList<HeldExtension>> HoldAsync(Guid worker, string backend, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives back what the worker holds; containers go on.</summary>
    Task LetGoAsync(Guid worker, CancellationToken cancellationToken);

    /// <summary>Says that a container will be started: from now on one of that name may live. The earlier one is gone.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task ContainerAsync(ExtensionHold hold, ExtensionContainer container, CancellationToken cancellationToken);

    /// <summary>Says what became of it; <paramref name="description"/> and the time since which it runs stay where they are not given.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task StateAsync(ExtensionHold hold, ExtensionState state, string? message, ExtensionDescription? description, CancellationToken cancellationToken);

    /// <summary>Says that no container of it lives; of one that was deleted nothing is kept.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task GoneAsync(ExtensionHold hold, ExtensionState state, string? message, CancellationToken cancellationToken);

    /// <summary>The enabled triggers that subscribe to it. One whose extension or parameters changed begins anew, without a cursor.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task<IReadOnlyList<WantedSubscription>> SubscriptionsAsync(ExtensionHold hold, CancellationToken cancellationToken);

    /// <summary>Says what became of a subscription.</summary>
    Task SubscribedAsync(ExtensionHold hold, WantedSubscription subscription, SubscriptionState state, string? message, CancellationToken cancellationToken);

    /// <summary>Stores events in the ledger, and where each subscription goes on, in one transaction; when it returns they are committed. Those whose trigger is gone are dropped.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task AddAsync(ExtensionHold hold, IReadOnlyList<ExtensionEvent> events, CancellationToken cancellationToken);

    /// <summary>The oldest requests that came to its URL, were not handled, and are to be offered now.</summary>
    Task<IReadOnlyList<ExternalRequest>> RequestsAsync(ExtensionHold hold, int take, CancellationToken cancellationToken);

    /// <summary>The extension did not take a request: it is offered again after a pause that grows to five minutes; after a day it is dropped, and that is false.</summary>
    Task<bool> PostponeAsync(Guid request, CancellationToken cancellationToken);

    /// <summary>A request was handled, and is forgotten.</summary>
    Task HandledAsync(Guid request, CancellationToken cancellationToken);

    /// <summary>Stores what a container wrote, and how far that was.</summary>
    /// <exception cref="ExtensionLostException">Another worker holds it.</exception>
    Task LogAsync(ExtensionHold hold, int generation, LogStream stream, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);
}

/// <summary>An extension in a worker's hands.</summary>
public sealed record ExtensionHold(ExtensionId Extension, long Fence);

/// <summary>Another worker holds the extension, or its row is gone: whoever hears it does nothing more about it.</summary>
public sealed class ExtensionLostException() : Exception("Another worker sees to the extension now.");

/// <summary>An extension that a worker holds, as it is now.</summary>
public sealed record HeldExtension(ExtensionHold Hold, string Name)
{
    /// <summary>How it is to run; null where it is not to, since it was disabled or deleted.</summary>
    public string? Definition { get; init; }

    /// <summary>Containers that were started for it.</summary>
    public int Generation { get; init; }

    /// <summary>The container that may live; null where none does.</summary>
    public ExtensionContainer? Container { get; init; }

    /// <summary>Bytes of the container's standard output that were stored.</summary>
    public long Stdout { get; init; }

    /// <summary>Bytes of the container's error output that were stored.</summary>
    public long Stderr { get; init; }

    /// <summary>Whether requests wait for it.</summary>
    public bool HasRequests { get; init; }
}

/// <summary>A container of an extension.</summary>
/// <param name="Name">Its name in the back end.</param>
/// <param name="Generation">Which one it is, from 1.</param>
/// <param name="Definition">By what definition it was started.</param>
/// <param name="Port">The port at which it listens.</param>
/// <param name="Backend">Where it is.</param>
public sealed record ExtensionContainer(string Name, int Generation, string Definition, int Port, string Backend);

/// <summary>A trigger that subscribes to an extension, and where it stands.</summary>
/// <param name="Id">
/// The subscription's id: the same as long as the trigger subscribes to the same extension with the same parameters. With others it is another subscription, whose events and cursors have
/// nothing to do with those of the one before, of which some may still be on their way.
/// </param>
public sealed record WantedSubscription(
    string Id, TriggerId Trigger, NamespaceId NamespaceId, string Namespace, PipelineId PipelineId, string Pipeline, string Name, IReadOnlyDictionary<string, string> With)
{
    /// <summary>What became of it.</summary>
    public SubscriptionState State { get; init; }

    /// <summary>The cursor of its last event that was kept; empty where none was.</summary>
    public string Cursor { get; init; } = "";

    /// <summary>From when on events are wanted.</summary>
    public DateTimeOffset Since { get; init; }
}

/// <summary>An event that an extension sent, found good. <paramref name="Data"/> is a JSON object, <paramref name="Cursor"/> empty where it leaves the one before.</summary>
public sealed record ExtensionEvent(TriggerId Trigger, string Subscription, string Id, DateTimeOffset? Time, ReadOnlyMemory<byte> Data, string Cursor);

/// <summary>A request that came to an extension's URL.</summary>
public sealed record ExternalRequest(Guid Id, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body, DateTimeOffset ReceivedAt);
