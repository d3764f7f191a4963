using System.Globalization;
using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>Lists the ledger of a pipeline, newest first; <paramref name="Decisions"/> are those of <see cref="Decisions"/>, and <c>open</c> for what is not decided.</summary>
public sealed record ListTriggerEvents(NamespaceScope Namespace, string Pipeline, IReadOnlyList<string> Triggers, IReadOnlyList<string> Decisions, PageRequest Page)
    : IRequest<Result<Page<TriggerEventView>>>
{
    /// <summary>The word for events of which nothing was decided.</summary>
    public const string Open = "open";
}

/// <summary>Reads one event, with what came.</summary>
public sealed record GetTriggerEvent(NamespaceScope Namespace, string Pipeline, string Id) : IRequest<Result<TriggerEventView>>;

/// <summary>Fires a trigger by hand, with these parameters before its own.</summary>
public sealed record FireTrigger(NamespaceScope Namespace, string Pipeline, string Name, string? Actor, IReadOnlyDictionary<string, JsonElement> Params, IdempotencyClaim? Claim)
    : IRequest<Result<CreateAnswer>>;

/// <summary>Judges an earlier event again by what its trigger does now, and runs it, in another version where one is named.</summary>
public sealed record ReplayTriggerEvent(NamespaceScope Namespace, string Pipeline, string Id, string? Actor, int? Version, IdempotencyClaim? Claim) : IRequest<Result<CreateAnswer>>;

/// <summary>What a replay would do.</summary>
public sealed record PlanReplay(NamespaceScope Namespace, string Pipeline, string Id, int? Version) : IRequest<Result<ReplayPlanView>>;

/// <summary>What a replay would do: the decision, why, and the run's version and parameters where there would be one.</summary>
public sealed record ReplayPlanView(string Decision, string? Reason, int? Version, IReadOnlyDictionary<string, JsonElement>? Params);

internal sealed class ListTriggerEventsHandler(IGoferDb db) : IRequestHandler<ListTriggerEvents, Result<Page<TriggerEventView>>>
{
    public async Task<Result<Page<TriggerEventView>>> Handle(ListTriggerEvents request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        if (request.Page.Check() is { } refused) return refused;
        var known = Decisions.All.Append(ListTriggerEvents.Open).ToList();
        if (request.Decisions.FirstOrDefault(d => !known.Contains(d)) is { } unknown)
        {
            return Error.Invalid("/decision", $"{Shown.Quoted(unknown)} is no decision; it must be one of {string.Join(", ", known)}.");
        }

        if (request.Triggers.Select(Slug.Complaint).FirstOrDefault(c => c is not null) is { } complaint) return Error.Invalid("/trigger", $"trigger {complaint}");
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        Guid before = default;
        if (cursor.Value is { } place && !Guid.TryParse(place, out before)) return Cursors.Bad;

        var rows = db.TriggerEvents.AsNoTracking().Where(e => e.PipelineId == pipeline.Value.Id);
        if (cursor.Value is not null) rows = rows.Where(e => e.Id < before);
        if (request.Triggers.Count > 0) rows = rows.Where(e => request.Triggers.Contains(e.Trigger));
        var (open, decisions) = (request.Decisions.Contains(ListTriggerEvents.Open), request.Decisions);
        if (decisions.Count > 0) rows = rows.Where(e => (open && e.Decision == null) || (e.Decision != null && decisions.Contains(e.Decision)));
        // Bodies may be large and are not shown in lists.
        var page = await rows.OrderByDescending(e => e.Id).Take(request.Page.Take + 1).Select(e => new TriggerEventRow
        {
            Id = e.Id,
            NamespaceId = e.NamespaceId,
            PipelineId = e.PipelineId,
            TriggerId = e.TriggerId,
            Trigger = e.Trigger,
            Kind = e.Kind,
            ReceivedAt = e.ReceivedAt,
            ScheduledFor = e.ScheduledFor,
            Actor = e.Actor,
            Version = e.Version,
            ReplayOf = e.ReplayOf,
            BackfillId = e.BackfillId,
            Decision = e.Decision,
            Reason = e.Reason,
            Run = e.Run,
            RunVersion = e.RunVersion,
            DuplicateOf = e.DuplicateOf,
            DecidedAt = e.DecidedAt,
        }).ToListAsync(cancellationToken);
        return Cursors.Page(page, request.Page.Take, e => e.View(request.Namespace.Name, request.Pipeline), e => e.Id.ToString());
    }
}

internal sealed class GetTriggerEventHandler(IGoferDb db) : IRequestHandler<GetTriggerEvent, Result<TriggerEventView>>
{
    public async Task<Result<TriggerEventView>> Handle(GetTriggerEvent request, CancellationToken cancellationToken)
    {
        var found = await db.FindTriggerEventAsync(request.Namespace, request.Pipeline, request.Id, cancellationToken);
        return found.IsOk ? found.Value.Whole(request.Namespace.Name, request.Pipeline) : found.Error;
    }
}

internal sealed class FireTriggerHandler(IGoferDb db, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<FireTrigger, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(FireTrigger request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var trigger = await db.FindTriggerAsync(pipeline.Value.Id, request.Name, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        var now = clock.GetUtcNow();
        var added = new NewTriggerEvent(Guid.CreateVersion7(now), pipeline.Value.NamespaceId, pipeline.Value.Id, trigger.Value.Id, trigger.Value.Name, EventKinds.Manual)
        {
            Actor = request.Actor,
            Params = request.Params,
        };
        return await queue.AddAsync(added, request.Claim, EventAnswers.Of(added, request.Namespace.Name, request.Pipeline, now), cancellationToken);
    }
}

internal sealed class ReplayTriggerEventHandler(IGoferDb db, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<ReplayTriggerEvent, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(ReplayTriggerEvent request, CancellationToken cancellationToken)
    {
        var found = await db.FindTriggerEventAsync(request.Namespace, request.Pipeline, request.Id, cancellationToken);
        if (!found.IsOk) return found.Error;
        var source = found.Value;
        var trigger = await db.FindTriggerAsync(source.PipelineId, source.Trigger, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        if (request.Version is { } version && await db.FindVersionAsync(source.PipelineId, version, cancellationToken) is { IsOk: false, Error: { } missing }) return missing;
        var now = clock.GetUtcNow();
        var added = new NewTriggerEvent(Guid.CreateVersion7(now), source.NamespaceId, source.PipelineId, trigger.Value.Id, source.Trigger, EventKinds.Replay)
        {
            Actor = request.Actor,
            Headers = source.Headers,
            Body = source.Body,
            ScheduledFor = source.ScheduledFor,
            Params = source.Params,
            Version = request.Version,
            ReplayOf = source.Id,
        };
        return await queue.AddAsync(added, request.Claim, EventAnswers.Of(added, request.Namespace.Name, request.Pipeline, now), cancellationToken);
    }
}

internal sealed class PlanReplayHandler(IGoferDb db) : IRequestHandler<PlanReplay, Result<ReplayPlanView>>
{
    public async Task<Result<ReplayPlanView>> Handle(PlanReplay request, CancellationToken cancellationToken)
    {
        var found = await db.FindTriggerEventAsync(request.Namespace, request.Pipeline, request.Id, cancellationToken);
        if (!found.IsOk) return found.Error;
        var source = found.Value;
        var trigger = await db.FindTriggerAsync(source.PipelineId, source.Trigger, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        var definition = TriggerReader.ReadStored(trigger.Value.Definition);
        var number = request.Version ?? definition.Version ?? await db.LiveVersionAsync(source.PipelineId, cancellationToken);
        var version = await db.FindVersionAsync(source.PipelineId, number, cancellationToken);
        if (!version.IsOk) return version.Error;
        var judged = EventJudge.Judge(definition, EventJudge.Content(source.Headers, source.Body, source.ScheduledFor), source.Params);
        if (judged.Decision is { } decision) return new ReplayPlanView(decision, judged.Reason, null, null);
        var document = DocumentReader.ReadStored(version.Value.Document);
        var resolved = ParamValues.Resolve(document.Params, judged.Params, DocumentLimits.Default, "/params");
        if (!resolved.IsOk) return new ReplayPlanView(Decisions.Failed, resolved.Error.Message, number, judged.Params);
        return new ReplayPlanView(Decisions.Ran, null, number, judged.Params);
    }
}

/// <summary>What the use cases of events share.</summary>
internal static class EventAnswers
{
    /// <summary>202 with the event as it stands when it is stored.</summary>
    public static StoredAnswer Of(NewTriggerEvent added, string @namespace, string pipeline, DateTimeOffset now)
    {
        var view = new TriggerEventView(
            added.Id, @namespace, pipeline, added.Name, added.Kind, now, added.ScheduledFor, added.Actor, null, null, null, null, null, added.ReplayOf, added.Version, null);
        return new StoredAnswer(
            202, string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/{@namespace}/pipelines/{pipeline}/trigger-events/{added.Id}"),
            JsonSerializer.Serialize(view, GoferJson.Options));
    }

    /// <summary>The event of that id in the pipeline's ledger.</summary>
    public static async Task<Result<TriggerEventRow>> FindTriggerEventAsync(
        this IGoferDb db, NamespaceScope scope, string pipeline, string id, CancellationToken cancellationToken)
    {
        var found = await db.FindPipelineAsync(scope, pipeline, cancellationToken);
        if (!found.IsOk) return found.Error;
        if (Guid.TryParse(id, out var wanted)
            && await db.TriggerEvents.AsNoTracking().SingleOrDefaultAsync(e => e.Id == wanted && e.PipelineId == found.Value.Id, cancellationToken) is { } row)
        {
            return row;
        }

        return new Error(ErrorKind.NotFound, ErrorCodes.TriggerEventNotFound, $"The ledger of '{pipeline}' has no event {Shown.Quoted(id)}.");
    }
}
