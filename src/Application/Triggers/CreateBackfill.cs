using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Application.Runs;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using MediatR;

namespace Gofer.Application.Triggers;

/// <summary>What a backfill is to do, as it was asked for.</summary>
public sealed record BackfillOrder(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The most times; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>How many of its runs are active at a time.</summary>
    public int Parallel { get; init; } = Backfill.DefaultParallel;

    /// <summary>Whether the newest time is the first.</summary>
    public bool Reverse { get; init; }

    /// <summary>The version of its runs; what the trigger says where it is null.</summary>
    public int? Version { get; init; }

    /// <summary>Parameters that win over the trigger's.</summary>
    public IReadOnlyDictionary<string, JsonElement> Params { get; init; } = new Dictionary<string, JsonElement>();
}

/// <summary>Runs past times of a trigger's schedule.</summary>
public sealed record CreateBackfill(NamespaceScope Namespace, string Pipeline, string Trigger, BackfillOrder Order, string? Actor, IdempotencyClaim? Claim)
    : IRequest<Result<CreateAnswer>>;

/// <summary>What a backfill would run.</summary>
public sealed record PlanBackfill(NamespaceScope Namespace, string Pipeline, string Trigger, BackfillOrder Order) : IRequest<Result<BackfillPlanView>>;

internal sealed class CreateBackfillHandler(IGoferDb db, IBackfillStore store, AuditTrail audit, ITriggerQueue queue, TimeProvider clock)
    : IRequestHandler<CreateBackfill, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(CreateBackfill request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var planned = await BackfillRules.PlanAsync(db, request.Namespace, request.Pipeline, request.Trigger, request.Order, now, cancellationToken);
        if (!planned.IsOk) return planned.Error;
        var (trigger, times, order) = (planned.Value.Trigger, planned.Value.Times, request.Order);
        var backfill = new Backfill
        {
            Id = new BackfillId(Guid.CreateVersion7(now)),
            NamespaceId = trigger.NamespaceId,
            PipelineId = trigger.PipelineId,
            TriggerId = trigger.Id,
            Trigger = trigger.Name,
            From = order.From,
            To = order.To,
            Limit = order.Limit,
            Parallel = order.Parallel,
            Reverse = order.Reverse,
            Version = order.Version,
            Params = order.Params.Count > 0 ? new Dictionary<string, JsonElement>(order.Params) : null,
            Total = times.Count,
            Actor = request.Actor,
            CreatedAt = now,
        };
        var entry = audit.Entry(
            AuditTypes.BackfillCreated, new AuditTarget(request.Namespace.Name, request.Pipeline, trigger.Name),
            new { Backfill = backfill.Id.Value, order.From, order.To, Total = times.Count });
        var added = await store.AddAsync(backfill, times, entry, request.Claim, backfill.Answer(request.Namespace.Name, request.Pipeline), cancellationToken);
        queue.Wake();
        return added;
    }
}

internal sealed class PlanBackfillHandler(IGoferDb db, TimeProvider clock) : IRequestHandler<PlanBackfill, Result<BackfillPlanView>>
{
    public async Task<Result<BackfillPlanView>> Handle(PlanBackfill request, CancellationToken cancellationToken)
    {
        var planned = await BackfillRules.PlanAsync(db, request.Namespace, request.Pipeline, request.Trigger, request.Order, clock.GetUtcNow(), cancellationToken);
        return planned.IsOk ? new BackfillPlanView(planned.Value.Times.Count, planned.Value.Times[0], planned.Value.Times[^1]) : planned.Error;
    }
}

/// <summary>What holds for every backfill that is asked for, whether it is made or only planned.</summary>
internal static class BackfillRules
{
    /// <summary>The trigger, and the times that would be run, of which each would be a run as far as anybody can say now.</summary>
    public static async Task<Result<(Trigger Trigger, IReadOnlyList<DateTimeOffset> Times)>> PlanAsync(
        IGoferDb db, NamespaceScope scope, string pipeline, string name, BackfillOrder order, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = await db.FindPipelineAsync(scope, pipeline, cancellationToken);
        if (!found.IsOk) return found.Error;
        var trigger = await db.FindTriggerAsync(found.Value.Id, name, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        var definition = TriggerReader.ReadStored(trigger.Value.Definition);
        if (definition.Schedule is not { } schedule)
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.TriggerHasNoSchedule,
                $"The trigger '{trigger.Value.Name}' is of the type '{TriggerReader.Of(trigger.Value.Type)}': it fires when something comes, and has no past times that "
                + "could be run.");
        }

        if (order.Limit is < 1 or > Backfill.MaxTimes) return Error.Invalid("/limit", $"limit must be from 1 to {Backfill.MaxTimes}.");
        if (order.Parallel is < 1 or > Backfill.MaxParallel) return Error.Invalid("/parallel", $"parallel must be from 1 to {Backfill.MaxParallel}.");
        var times = BackfillPlan.Choose(schedule, order.From, order.To, now, order.Limit, order.Reverse);
        if (!times.IsOk) return times.Error;
        if (await RefuseAsync(db, found.Value.Id, definition, order, times.Value[0], cancellationToken) is { } refused) return refused;
        return (trigger.Value, times.Value);
    }

    /// <summary>Why no run would come of the first time, which holds for the rest as well: better said once now than by ten thousand events that failed.</summary>
    private static async Task<Error?> RefuseAsync(
        IGoferDb db, PipelineId pipeline, TriggerDefinition definition, BackfillOrder order, DateTimeOffset first, CancellationToken cancellationToken)
    {
        var number = order.Version ?? definition.Version ?? await db.LiveVersionAsync(pipeline, cancellationToken);
        var version = await db.FindVersionAsync(pipeline, number, cancellationToken);
        if (!version.IsOk) return version.Error;
        var judged = EventJudge.Judge(definition, EventJudge.Content(null, null, first), order.Params);
        if (judged.Decision is not null) return Error.Invalid("/params", judged.Reason!);
        return ParamValues.Resolve(DocumentReader.ReadStored(version.Value.Document).Params, judged.Params, DocumentLimits.Default, "/params").Error;
    }
}
