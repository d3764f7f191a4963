using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>What a trigger is to do, as it was asked for; null keeps whether it is enabled.</summary>
public sealed record TriggerOrder(TriggerDefinition Definition, bool? Enabled);

/// <summary>
/// Makes a trigger or replaces what it does; with <paramref name="Create"/> it must be new. <paramref name="Caller"/> must see the pipeline that it
/// follows.
/// </summary>
public sealed record PutTrigger(Caller Caller, string Namespace, string Pipeline, TriggerOrder Order, bool Create, string? IfMatch) : IRequest<Result<PutTriggerAnswer>>;

/// <summary>The trigger, and whether it is new.</summary>
public sealed record PutTriggerAnswer(Tagged<TriggerView> Trigger, bool Created);

/// <summary>Enables or disables a trigger.</summary>
public sealed record UpdateTrigger(NamespaceScope Namespace, string Pipeline, string Name, bool? Enabled, string? IfMatch) : IRequest<Result<Tagged<TriggerView>>>;

/// <summary>Deletes a trigger; what it did stays in the ledger.</summary>
public sealed record DeleteTrigger(NamespaceScope Namespace, string Pipeline, string Name, string? IfMatch) : IRequest<Result>;

/// <summary>Gives a trigger another URL; the one that it had is none any more.</summary>
public sealed record RotateHook(NamespaceScope Namespace, string Pipeline, string Name) : IRequest<Result<Tagged<TriggerView>>>;

internal sealed class PutTriggerHandler(IGoferDb db, AuditTrail audit, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<PutTrigger, Result<PutTriggerAnswer>>
{
    public async Task<Result<PutTriggerAnswer>> Handle(PutTrigger request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var scope = request.Caller.In(request.Namespace);
        var pipeline = await db.FindPipelineAsync(scope, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        // Who changes triggers takes the head: so do those who deploy and delete, and no two of them see each other halfway.
        var head = await db.LockHeadAsync(pipeline.Value.Id, cancellationToken);
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        var definition = request.Order.Definition;
        if (definition.Version > head.LastVersion) return Error.Invalid("/version", $"The pipeline has no version {definition.Version}; its versions are 1 to {head.LastVersion}.");
        var trigger = await db.Triggers.SingleOrDefaultAsync(t => t.PipelineId == pipeline.Value.Id && t.Name == definition.Id, cancellationToken);
        if (Refuse(request, trigger) is { } refused) return refused;
        if (definition.Upstream is { } upstream
            && await TriggerRules.RefuseAsync(db, request.Caller, (request.Namespace, request.Pipeline), definition.Id, upstream, mustExist: true, cancellationToken) is { } wrong)
        {
            return Error.Invalid($"/{wrong.Member}", wrong.Message);
        }

        if (definition.Extension is { } rule && await ExtensionTriggers.RefuseAsync(db, rule, "", cancellationToken) is { } unfit) return unfit;
        var now = clock.GetUtcNow();
        var created = trigger is null;
        if (trigger is null)
        {
            var count = await db.Triggers.CountAsync(t => t.PipelineId == pipeline.Value.Id, cancellationToken);
            if (count >= Trigger.MaxCount) return Error.Invalid("", $"The pipeline has {count} triggers, which is the most. Delete one first.");
            trigger = new Trigger(new TriggerId(Guid.CreateVersion7(now)), pipeline.Value.NamespaceId, pipeline.Value.Id, definition.Id, TriggerSource.Api, now);
            db.Triggers.Add(trigger);
        }

        var changed = trigger.Define(definition, request.Order.Enabled ?? trigger.Enabled, TriggerSource.Api, request.Namespace, now);
        var hook = trigger.HookHash is null && definition.Type is TriggerType.Webhook or TriggerType.Github ? trigger.GiveHook(now) : null;
        if (changed || hook is not null)
        {
            audit.Note(created ? AuditTypes.TriggerCreated : AuditTypes.TriggerUpdated, new AuditTarget(request.Namespace, request.Pipeline, trigger.Name), JsonDocument.Parse(trigger.Definition).RootElement);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        return new PutTriggerAnswer(trigger.Tagged(request.Namespace, request.Pipeline, hook), created);
    }

    private static Error? Refuse(PutTrigger request, Trigger? trigger)
    {
        if (trigger is null) return EntityTags.RefuseMissing(request.IfMatch, "trigger");
        if (request.Create) return new Error(ErrorKind.Conflict, ErrorCodes.TriggerExists, $"The pipeline has a trigger '{trigger.Name}' already. PUT replaces it.");
        if (EntityTags.Refuse(request.IfMatch, trigger.Revision) is { } stale) return stale;
        if (trigger.Source == TriggerSource.Document) return TriggerRules.OfDocument(trigger);
        return trigger.Type == request.Order.Definition.Type
            ? null
            : Error.Invalid("/type", $"The trigger is of the type '{TriggerReader.Of(trigger.Type)}', which stays as it is. Delete it first, or give the new one another id.");
    }
}

internal sealed class UpdateTriggerHandler(IGoferDb db, AuditTrail audit, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<UpdateTrigger, Result<Tagged<TriggerView>>>
{
    public async Task<Result<Tagged<TriggerView>>> Handle(UpdateTrigger request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var found = await db.LockTriggerAsync(request.Namespace, request.Pipeline, request.Name, request.IfMatch, cancellationToken);
        if (!found.IsOk) return found.Error;
        var trigger = found.Value;
        var definition = TriggerReader.ReadStored(trigger.Definition);
        if (request.Enabled is { } enabled && trigger.Define(definition, enabled, trigger.Source, request.Namespace.Name, clock.GetUtcNow()))
        {
            audit.Note(AuditTypes.TriggerUpdated, new AuditTarget(request.Namespace.Name, request.Pipeline, trigger.Name), new { Enabled = enabled });
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        return trigger.Tagged(request.Namespace.Name, request.Pipeline);
    }
}

internal sealed class DeleteTriggerHandler(IGoferDb db, AuditTrail audit) : IRequestHandler<DeleteTrigger, Result>
{
    public async Task<Result> Handle(DeleteTrigger request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var trigger = await db.LockTriggerAsync(request.Namespace, request.Pipeline, request.Name, request.IfMatch, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        if (trigger.Value.Source == TriggerSource.Document) return TriggerRules.OfDocument(trigger.Value);
        db.Triggers.Remove(trigger.Value);
        audit.Note(AuditTypes.TriggerDeleted, new AuditTarget(request.Namespace.Name, request.Pipeline, trigger.Value.Name));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Result.Ok;
    }
}

internal sealed class RotateHookHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<RotateHook, Result<Tagged<TriggerView>>>
{
    public async Task<Result<Tagged<TriggerView>>> Handle(RotateHook request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var trigger = await db.LockTriggerAsync(request.Namespace, request.Pipeline, request.Name, null, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        if (trigger.Value.Type is not (TriggerType.Webhook or TriggerType.Github))
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.TriggerHasNoUrl,
                $"The trigger '{trigger.Value.Name}' is of the type '{TriggerReader.Of(trigger.Value.Type)}', which has no URL.");
        }

        var hook = trigger.Value.GiveHook(clock.GetUtcNow());
        audit.Note(AuditTypes.TriggerUpdated, new AuditTarget(request.Namespace.Name, request.Pipeline, trigger.Value.Name), new { Hook = "rotated" });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return trigger.Value.Tagged(request.Namespace.Name, request.Pipeline, hook);
    }
}

/// <summary>What holds for every change of a trigger.</summary>
internal static class TriggerRules
{
    /// <summary>The error for who would change by the API what a document declares.</summary>
    public static Error OfDocument(Trigger trigger) => new(
        ErrorKind.Conflict, ErrorCodes.TriggerOfDocument,
        $"The trigger '{trigger.Name}' stands in the document of the live version and is changed by the next one. PATCH may disable it.");

    /// <summary>The trigger of that name, under the lock of its pipeline's head.</summary>
    public static async Task<Result<Trigger>> LockTriggerAsync(
        this IGoferDb db, NamespaceScope scope, string pipeline, string name, string? ifMatch, CancellationToken cancellationToken)
    {
        var found = await db.FindPipelineAsync(scope, pipeline, cancellationToken);
        if (!found.IsOk) return found.Error;
        var head = await db.LockHeadAsync(found.Value.Id, cancellationToken);
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        var trigger = await db.FindTriggerAsync(found.Value.Id, name, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        return EntityTags.Refuse(ifMatch, trigger.Value.Revision) is { } stale ? stale : trigger;
    }

    /// <summary>
    /// What is wrong with a trigger that follows another pipeline for that caller, and in which of its members; null where nothing is. Who asked may see that pipeline's runs, it is
    /// there, where it <paramref name="mustExist"/>, and no circle comes of it, until the transaction ends.
    /// </summary>
    public static async Task<(string Member, string Message)?> RefuseAsync(
        IGoferDb db, Caller caller, (string Namespace, string Pipeline) follower, string name, UpstreamRule upstream, bool mustExist, CancellationToken cancellationToken)
    {
        var home = upstream.Namespace ?? follower.Namespace;
        if (!caller.Grants.Sees(home)) return ("namespace", $"No namespace {Shown.Quoted(home)}.");
        if (!caller.Grants.Allow(Resource.Runs, Verb.Read, home))
        {
            return ("namespace", $"Your token does not allow 'read' on 'runs' in {Shown.Quoted(home)}, so nothing can follow them for you.");
        }

        if (mustExist && await db.FindPipelineAsync(caller.In(home), upstream.Pipeline, cancellationToken) is { IsOk: false } missing) return ("pipeline", missing.Error.Message);
        await db.LockUpstreamsAsync(cancellationToken);
        return await CircleAsync(db, follower, (home, upstream.Pipeline), name, cancellationToken) is { } circle ? ("pipeline", circle) : null;
    }

    /// <summary>
    /// Why a pipeline may not follow another: following what it is followed by, each run would set off the next for ever. Null where there is no circle.
    /// Under <see cref="IGoferDb.LockUpstreamsAsync"/>.
    /// </summary>
    private static async Task<string?> CircleAsync(
        IGoferDb db, (string Namespace, string Pipeline) follower, (string Namespace, string Pipeline) followed, string name, CancellationToken cancellationToken)
    {
        var edges = await (
            from t in db.Triggers
            join p in db.Pipelines on t.PipelineId equals p.Id
            join n in db.Namespaces on p.NamespaceId equals n.Id
            where t.UpstreamPipeline != null && p.DeletedAt == null
            select new { From = n.Name, Pipeline = p.Name, Trigger = t.Name, OfNamespace = t.UpstreamNamespace, OfPipeline = t.UpstreamPipeline }).AsNoTracking().ToListAsync(cancellationToken);
        var follows = edges.Where(e => (e.From, e.Pipeline, e.Trigger) != (follower.Namespace, follower.Pipeline, name))
            .ToLookup(e => (e.From, e.Pipeline), e => (Namespace: e.OfNamespace!, Pipeline: e.OfPipeline!));
        var way = new Dictionary<(string, string), (string, string)>();
        var open = new Queue<(string Namespace, string Pipeline)>([followed]);
        while (open.TryDequeue(out var at))
        {
            if (at == follower) return $"That would make a circle, in which each run sets off the next for ever: {follower.Namespace}/{follower.Pipeline} follows {Path(way, followed, at)}.";
            foreach (var next in follows[at])
            {
                if (next != followed && way.TryAdd(next, at)) open.Enqueue(next);
            }
        }

        return null;
    }

    private static string Path(Dictionary<(string, string), (string, string)> way, (string, string) first, (string, string) last)
    {
        var names = new List<string> { Name(last) };
        for (var at = last; at != first && way.TryGetValue(at, out var before); at = before) names.Insert(0, Name(before));
        return string.Join(", which follows ", names);

        static string Name((string Namespace, string Pipeline) of) => $"{of.Namespace}/{of.Pipeline}";
    }
}
