using System.Security.Cryptography;
using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>Where a trigger is declared.</summary>
public enum TriggerSource
{
    /// <summary>By the API, which alone changes it.</summary>
    Api,

    /// <summary>In the document of the live version.</summary>
    Document,
}

/// <summary>A trigger of a pipeline. It belongs to the pipeline, never to a version.</summary>
public sealed class Trigger
{
    /// <summary>The most triggers of one pipeline.</summary>
    public const int MaxCount = 50;

    /// <summary>How long the secret part of a URL is.</summary>
    public const int HookLength = 64;

    private Trigger() { }

    /// <summary>A new one; it has no definition before <see cref="Define"/>.</summary>
    public Trigger(TriggerId id, NamespaceId home, PipelineId pipeline, string name, TriggerSource source, DateTimeOffset now) =>
        (Id, NamespaceId, PipelineId, Name, Source, Enabled, CreatedAt, ModifiedAt) = (id, home, pipeline, name, source, true, now, now);

    /// <summary>Its id; names may be reused, ids never.</summary>
    public TriggerId Id { get; private init; }

    /// <summary>The namespace of its pipeline.</summary>
    public NamespaceId NamespaceId { get; private init; }

    /// <summary>Its pipeline.</summary>
    public PipelineId PipelineId { get; private init; }

    /// <summary>Its name in the pipeline.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What sets it off.</summary>
    public TriggerType Type { get; private set; }

    /// <summary>Where it is declared.</summary>
    public TriggerSource Source { get; private set; }

    /// <summary>Whether events of it run.</summary>
    public bool Enabled { get; private set; }

    /// <summary>What it does, as <see cref="TriggerWriter"/> writes it.</summary>
    public string Definition { get; private set; } = "";

    /// <summary>What becomes of an event while a run of it has not ended.</summary>
    public OverlapPolicy Overlap { get; private set; }

    /// <summary>The first scheduled time that was not handled; null where there is none, and while it is disabled.</summary>
    public DateTimeOffset? NextAt { get; private set; }

    /// <summary>When that is due, jitter included.</summary>
    public DateTimeOffset? DueAt { get; private set; }

    /// <summary>SHA-256 of the secret part of its URL; null where it has none.</summary>
    public byte[]? HookHash { get; private set; }

    /// <summary>The namespace of the pipeline that it follows, or null.</summary>
    public string? UpstreamNamespace { get; private set; }

    /// <summary>The pipeline that it follows, or null.</summary>
    public string? UpstreamPipeline { get; private set; }

    /// <summary>The outcomes of that pipeline that set it off, or null.</summary>
    public string[]? UpstreamStates { get; private set; }

    /// <summary>The extension that it subscribes to, or null.</summary>
    public string? Extension { get; private set; }

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>
    /// Makes it do that from now on; false where it does already. What was due and not handled is forgotten where the times themselves change, and kept
    /// where they do not.
    /// </summary>
    public bool Define(TriggerDefinition definition, bool enabled, TriggerSource source, string home, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var before = Definition.Length == 0 ? null : TriggerReader.ReadStored(Definition);
        definition = Anchored(definition, before, now);
        var text = TriggerWriter.Write(definition);
        if (text == Definition && enabled == Enabled && source == Source) return false;
        if (before is not null) Revision++;
        var replanned = !enabled || !Enabled || before?.Schedule?.SameTimes(definition.Schedule) != true;
        (Definition, Type, Overlap, Enabled, Source, ModifiedAt) = (text, definition.Type, definition.Overlap, enabled, source, now);
        (UpstreamNamespace, UpstreamPipeline, UpstreamStates) = definition.Upstream is { } upstream
            ? (upstream.Namespace ?? home, upstream.Pipeline, upstream.On.ToArray())
            : (null, null, null);
        Extension = definition.Extension?.Name;
        if (definition.Type is not (TriggerType.Webhook or TriggerType.Github)) HookHash = null;
        if (!replanned) return true;
        NextAt = enabled ? definition.Schedule?.NextAfter(now) : null;
        DueAt = NextAt is { } next ? next + Jitter.Of(Id.Value, next, definition.Schedule!.Jitter) : null;
        return true;
    }

    /// <summary>Gives it a URL, whose secret part is answered once; an earlier URL is none any more.</summary>
    public string GiveHook(DateTimeOffset now)
    {
        var text = NewHook();
        (HookHash, ModifiedAt) = (HashOf(text), now);
        return text;
    }

    /// <summary>The secret part of a new URL.</summary>
    internal static string NewHook() => RandomNumberGenerator.GetHexString(HookLength, lowercase: true);

    /// <summary>What is kept of the secret part of a URL: 256 random bits are not guessed, so a plain hash of them is safe.</summary>
    public static byte[] HashOf(string hook) => SHA256.HashData(Encoding.UTF8.GetBytes(hook));

    /// <summary>An interval without an anchor keeps the one that it had as long as its length stays, so that its phase does too.</summary>
    private static TriggerDefinition Anchored(TriggerDefinition definition, TriggerDefinition? before, DateTimeOffset now)
    {
        if (definition.Schedule is not { Every: not null, Anchor: null } schedule) return definition;
        var anchor = before?.Schedule is { } old && old.Every == schedule.Every ? old.Anchor : null;
        return definition with { Schedule = schedule with { Anchor = anchor ?? now } };
    }
}
