using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Application.Triggers;

/// <summary>One event of the ledger as it stands in its table: written when it came, and once more when it was decided.</summary>
public sealed class TriggerEventRow
{
    /// <summary>Its id, a UUIDv7: the order in which events came.</summary>
    public required Guid Id { get; init; }

    /// <summary>The namespace of the trigger's pipeline.</summary>
    public required NamespaceId NamespaceId { get; init; }

    /// <summary>The trigger's pipeline.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>The trigger, which may be gone.</summary>
    public required TriggerId TriggerId { get; init; }

    /// <summary>The trigger's name as it was.</summary>
    public required string Trigger { get; init; }

    /// <summary>A constant of <see cref="EventKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was stored.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The time that it stands for, of schedules.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>Who asked for it, where somebody did.</summary>
    public string? Actor { get; init; }

    /// <summary>The headers that matter, of requests.</summary>
    public Dictionary<string, string>? Headers { get; init; }

    /// <summary>The body as it came.</summary>
    public byte[]? Body { get; init; }

    /// <summary>What makes it the same as others, each by itself.</summary>
    public string[]? DedupeKeys { get; init; }

    /// <summary>Parameters that were given by hand.</summary>
    public Dictionary<string, JsonElement>? Params { get; init; }

    /// <summary>The version that was asked for.</summary>
    public int? Version { get; init; }

    /// <summary>The event that it repeats.</summary>
    public Guid? ReplayOf { get; init; }

    /// <summary>The backfill that it is of.</summary>
    public BackfillId? BackfillId { get; init; }

    /// <summary>A constant of <see cref="Decisions"/>; null while nothing was decided.</summary>
    public string? Decision { get; init; }

    /// <summary>Why that was decided, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The number of the run.</summary>
    public long? Run { get; init; }

    /// <summary>The version of the run.</summary>
    public int? RunVersion { get; init; }

    /// <summary>The event that came before.</summary>
    public Guid? DuplicateOf { get; init; }

    /// <summary>When that was decided.</summary>
    public DateTimeOffset? DecidedAt { get; init; }
}
