using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>Lists the triggers of a pipeline, by name.</summary>
public sealed record ListTriggers(NamespaceScope Namespace, string Pipeline, PageRequest Page) : IRequest<Result<Page<TriggerView>>>;

/// <summary>Reads one trigger.</summary>
public sealed record GetTrigger(NamespaceScope Namespace, string Pipeline, string Name) : IRequest<Result<Tagged<TriggerView>>>;

/// <summary>The next times of a trigger that has a schedule, whether it is enabled or not.</summary>
public sealed record PreviewTrigger(NamespaceScope Namespace, string Pipeline, string Name, int Count, DateTimeOffset? After) : IRequest<Result<PreviewView>>
{
    /// <summary>The most times of one answer.</summary>
    public const int MaxCount = 1000;
}

internal sealed class ListTriggersHandler(IGoferDb db) : IRequestHandler<ListTriggers, Result<Page<TriggerView>>>
{
    public async Task<Result<Page<TriggerView>>> Handle(ListTriggers request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var after = cursor.Value ?? "";
        var rows = await db.Triggers.AsNoTracking().Where(t => t.PipelineId == pipeline.Value.Id && string.Compare(t.Name, after) > 0)
            .OrderBy(t => t.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, t => t.View(request.Namespace.Name, request.Pipeline), t => t.Name);
    }
}

internal sealed class GetTriggerHandler(IGoferDb db) : IRequestHandler<GetTrigger, Result<Tagged<TriggerView>>>
{
    public async Task<Result<Tagged<TriggerView>>> Handle(GetTrigger request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var trigger = await db.FindTriggerAsync(pipeline.Value.Id, request.Name, cancellationToken);
        return trigger.IsOk
            ? await db.WithSubscriptionAsync(trigger.Value, trigger.Value.Tagged(request.Namespace.Name, request.Pipeline), cancellationToken)
            : trigger.Error;
    }
}

internal sealed class PreviewTriggerHandler(IGoferDb db, TimeProvider clock) : IRequestHandler<PreviewTrigger, Result<PreviewView>>
{
    public async Task<Result<PreviewView>> Handle(PreviewTrigger request, CancellationToken cancellationToken)
    {
        if (request.Count is < 1 or > PreviewTrigger.MaxCount) return Error.Invalid("/count", $"count must be from 1 to {PreviewTrigger.MaxCount}.");
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var trigger = await db.FindTriggerAsync(pipeline.Value.Id, request.Name, cancellationToken);
        if (!trigger.IsOk) return trigger.Error;
        if (TriggerReader.ReadStored(trigger.Value.Definition).Schedule is not { } schedule)
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.TriggerHasNoSchedule,
                $"The trigger '{trigger.Value.Name}' is of the type '{TriggerReader.Of(trigger.Value.Type)}': it fires when something comes, and nobody knows when that is.");
        }

        var times = new List<DateTimeOffset>();
        for (var next = schedule.NextAfter(request.After ?? clock.GetUtcNow()); next is { } time && times.Count < request.Count; next = schedule.NextAfter(time)) times.Add(time);
        return new PreviewView(times);
    }
}
