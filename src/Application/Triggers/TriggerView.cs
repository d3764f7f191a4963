using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>A trigger as the API shows it. What only some types have is null in the others.</summary>
public sealed record TriggerView(string Id, string Namespace, string PipelineId, TriggerType Type, bool Enabled, TriggerSource Source)
{
    /// <summary><c>cron</c>: the expression.</summary>
    public string? Expression { get; init; }

    /// <summary><c>cron</c>: the IANA zone.</summary>
    public string? Zone { get; init; }

    /// <summary><c>cron</c>: what becomes of local times that a change of the clock skips or repeats.</summary>
    public DstPolicy? Dst { get; init; }

    /// <summary><c>interval</c>: how often.</summary>
    public string? Every { get; init; }

    /// <summary><c>interval</c>: from when it is counted.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <summary>Schedules: what becomes of times that passed while nothing could fire: <c>none</c>, <c>last</c>, <c>all</c> or a number.</summary>
    public string? CatchUp { get; init; }

    /// <summary>Schedules: how much later than its time it fires at most.</summary>
    public string? Jitter { get; init; }

    /// <summary>What becomes of an event while a run of it has not ended.</summary>
    public OverlapPolicy Overlap { get; init; }

    /// <summary>The version that its runs get; null for the live one.</summary>
    public int? Version { get; init; }

    /// <summary>The parameters of its runs, as they were written.</summary>
    public JsonElement? Params { get; init; }

    /// <summary><c>webhook</c>: how a request proves where it is from.</summary>
    public JsonElement? Signature { get; init; }

    /// <summary><c>webhook</c>: what makes two requests one event.</summary>
    public JsonElement? Dedupe { get; init; }

    /// <summary>Which events run.</summary>
    public JsonElement? Filter { get; init; }

    /// <summary><c>github</c>: the secret of the signature.</summary>
    public string? Secret { get; init; }

    /// <summary><c>github</c>: the events.</summary>
    public JsonElement? Events { get; init; }

    /// <summary><c>github</c>: the branches.</summary>
    public JsonElement? Branches { get; init; }

    /// <summary><c>github</c>: the repository.</summary>
    public string? Repository { get; init; }

    /// <summary><c>pipeline</c>: the pipeline that it follows.</summary>
    public UpstreamView? Upstream { get; init; }

    /// <summary><c>extension</c>: the extension that it subscribes to.</summary>
    public string? Extension { get; init; }

    /// <summary><c>extension</c>: what the subscription is given; secrets as references.</summary>
    public IReadOnlyDictionary<string, string>? With { get; init; }

    /// <summary><c>extension</c>: what became of the subscription; null while the trigger is disabled, and in lists.</summary>
    public SubscriptionView? Subscription { get; init; }

    /// <summary>The path of its URL: shown by the one answer that makes it, and null in all others.</summary>
    public string? Hook { get; init; }

    /// <summary>Schedules: the next time, without jitter; null while it is disabled.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; init; }
}

/// <summary>The pipeline that a trigger follows, and the outcomes that set it off.</summary>
public sealed record UpstreamView(string Namespace, string Pipeline, IReadOnlyList<string> On);

/// <summary>What became of a subscription, and why it is not active where it is not.</summary>
public sealed record SubscriptionView(SubscriptionState State, string? Message);

/// <summary>The next times of a schedule, without jitter.</summary>
public sealed record PreviewView(IReadOnlyList<DateTimeOffset> Items);

/// <summary>An event of the ledger as the API shows it; <paramref name="Decision"/> is null while nothing was decided.</summary>
public sealed record TriggerEventView(
    Guid Id, string Namespace, string Pipeline, string Trigger, string Kind, DateTimeOffset ReceivedAt, DateTimeOffset? ScheduledFor, string? Actor,
    string? Decision, string? Reason, long? Run, int? RunVersion, Guid? DuplicateOf, Guid? ReplayOf, int? Version, DateTimeOffset? DecidedAt)
{
    /// <summary>The backfill that it is of; null for the rest.</summary>
    public Guid? Backfill { get; init; }

    /// <summary>The headers that were kept; in the answer to one event alone.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>The body, where it is text; in the answer to one event alone.</summary>
    public string? Body { get; init; }

    /// <summary>The body in Base64, where it is no text; in the answer to one event alone.</summary>
    public string? BodyBase64 { get; init; }
}

/// <summary>What a request to a trigger's URL is answered.</summary>
public sealed record HookAnswer(Guid Id);

/// <summary>What the use cases of triggers share.</summary>
internal static class TriggerViews
{
    private static readonly System.Text.UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    public static TriggerView View(this Trigger trigger, string @namespace, string pipeline, string? hook = null)
    {
        var definition = TriggerReader.ReadStored(trigger.Definition);
        var written = definition.Hook?.Written;
        return new TriggerView(trigger.Name, @namespace, pipeline, trigger.Type, trigger.Enabled, trigger.Source)
        {
            Expression = definition.Schedule?.Cron?.Text,
            Zone = definition.Type == TriggerType.Cron ? definition.Schedule?.Zone : null,
            Dst = definition.Type == TriggerType.Cron ? definition.Schedule?.Dst : null,
            Every = definition.Schedule?.Every is { } every ? Duration.Text(every) : null,
            Anchor = definition.Schedule?.Anchor,
            CatchUp = definition.Schedule?.CatchUp.ToString(),
            Jitter = definition.Schedule is { } schedule ? Duration.Text(schedule.Jitter) : null,
            Overlap = definition.Overlap,
            Version = definition.Version,
            Params = definition.Params.Written,
            Signature = Part("signature"),
            Dedupe = Part("dedupe"),
            Filter = Part("filter"),
            Secret = Part("secret")?.GetString(),
            Events = Part("events"),
            Branches = Part("branches"),
            Repository = Part("repository")?.GetString(),
            Upstream = definition.Upstream is { } upstream ? new UpstreamView(upstream.Namespace ?? @namespace, upstream.Pipeline, upstream.On) : null,
            Extension = definition.Extension?.Name,
            With = definition.Extension?.With,
            Hook = hook is null ? null : $"/api/v1/hooks/{hook}",
            NextAt = trigger.NextAt,
            CreatedAt = trigger.CreatedAt,
            ModifiedAt = trigger.ModifiedAt,
        };

        JsonElement? Part(string name) => written is not null && written.TryGetValue(name, out var value) ? value : null;
    }

    public static Tagged<TriggerView> Tagged(this Trigger trigger, string @namespace, string pipeline, string? hook = null) =>
        new(trigger.View(@namespace, pipeline, hook), EntityTags.Of(trigger.Revision));

    public static TriggerEventView View(this TriggerEventRow row, string @namespace, string pipeline) => new(
        row.Id, @namespace, pipeline, row.Trigger, row.Kind, row.ReceivedAt, row.ScheduledFor, row.Actor, row.Decision, row.Reason, row.Run, row.RunVersion,
        row.DuplicateOf, row.ReplayOf, row.Version, row.DecidedAt)
    { Backfill = row.BackfillId?.Value };

    /// <summary>The event with what came.</summary>
    public static TriggerEventView Whole(this TriggerEventRow row, string @namespace, string pipeline)
    {
        var view = row.View(@namespace, pipeline) with { Headers = row.Headers };
        if (row.Body is null) return view;
        try
        {
            return view with { Body = s_strict.GetString(row.Body) };
        }
        catch (System.Text.DecoderFallbackException)
        {
            return view with { BodyBase64 = Convert.ToBase64String(row.Body) };
        }
    }

    /// <summary>The trigger of that name of the pipeline.</summary>
    public static async Task<Result<Trigger>> FindTriggerAsync(this IGoferDb db, PipelineId pipeline, string name, CancellationToken cancellationToken)
    {
        if (Slug.IsValid(name) && await db.Triggers.SingleOrDefaultAsync(t => t.PipelineId == pipeline && t.Name == name, cancellationToken) is { } found) return found;
        var names = await db.Triggers.Where(t => t.PipelineId == pipeline).Select(t => t.Name).Take(Trigger.MaxCount).ToListAsync(cancellationToken);
        return Lookups.NotFound(ErrorCodes.TriggerNotFound, $"The pipeline has no trigger {Shown.Quoted(name)}.", name, names);
    }
}
