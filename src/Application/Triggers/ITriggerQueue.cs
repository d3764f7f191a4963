using System.Text.Json;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Application.Triggers;

/// <summary>The engine's side of triggers. Implemented beside the queue.</summary>
public interface ITriggerQueue
{
    /// <summary>
    /// One pass: makes an event of each scheduled time that is due, and decides what becomes of events that are open, some hundreds at most. Any
    /// worker may call it at any time: one does the work, and nothing is done twice. Answers how long it is until there is more to do, null where
    /// nobody knows of anything.
    /// </summary>
    Task<TimeSpan?> PassAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stores an event that somebody asked for, in one transaction with the idempotency key; it is decided later. A repeated request gets the first answer.
    /// </summary>
    Task<Result<CreateAnswer>> AddAsync(NewTriggerEvent added, IdempotencyClaim? claim, StoredAnswer answer, CancellationToken cancellationToken);

    /// <summary>Says that there may be something to do before anybody thought; only a hint.</summary>
    void Wake();
}

/// <summary>Where requests to triggers' URLs come in. Those of a crowd share round trips and commits.</summary>
public interface IHookInbox
{
    /// <summary>What a URL leads to now, by the hash of its secret part; null where to nothing.</summary>
    Task<HookTarget?> FindAsync(byte[] hash, CancellationToken cancellationToken);

    /// <summary>Stores an event; when it returns the event is committed.</summary>
    Task AddAsync(NewTriggerEvent added, CancellationToken cancellationToken);

    /// <summary>Stores a request for the extension to whose URL it was sent; when it returns the request is committed. Null where no extension has that URL, false
    /// where so many wait for it that no more are taken.</summary>
    Task<bool?> AddAsync(byte[] hash, Guid id, IReadOnlyDictionary<string, string> headers, byte[] body, CancellationToken cancellationToken);
}

/// <summary>An event that is to be stored.</summary>
public sealed record NewTriggerEvent(Guid Id, NamespaceId Namespace, PipelineId Pipeline, TriggerId Trigger, string Name, string Kind)
{
    /// <summary>Who asked for it.</summary>
    public string? Actor { get; init; }

    /// <summary>The headers that matter.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>The body as it came.</summary>
    public byte[]? Body { get; init; }

    /// <summary>What makes it the same as others, each by itself.</summary>
    public string[]? DedupeKeys { get; init; }

    /// <summary>The time that it stands for.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>Parameters that were given by hand.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Params { get; init; }

    /// <summary>The version that was asked for.</summary>
    public int? Version { get; init; }

    /// <summary>The event that it repeats.</summary>
    public Guid? ReplayOf { get; init; }
}

/// <summary>The trigger that a URL leads to.</summary>
public sealed record HookTarget(NamespaceId NamespaceId, string Namespace, PipelineId PipelineId, string Pipeline, TriggerId Trigger, string Name, string Definition);
