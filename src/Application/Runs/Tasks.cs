using System.Globalization;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Lists the tasks of a run in the document's order.</summary>
public sealed record ListTasks(RunPath Path, PageRequest Page) : IRequest<Result<Page<TaskView>>>;

/// <summary>Reads one task of a run.</summary>
public sealed record GetTask(RunPath Path, string Task) : IRequest<Result<TaskView>>;

/// <summary>Cancels one task of a run; answers it as it is then.</summary>
public sealed record CancelTask(RunPath Path, string Task, string? Reason) : IRequest<Result<TaskView>>;

internal sealed class ListTasksHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<ListTasks, Result<Page<TaskView>>>
{
    public async Task<Result<Page<TaskView>>> Handle(ListTasks request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var after = -1;
        if (cursor.Value is { } place && !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out after)) return Cursors.Bad;

        var rows = await db.Tasks.AsNoTracking().Where(t => t.RunId == scope.Value.Run.Id && t.Task > after)
            .OrderBy(t => t.Task).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, t => t.View(scope.Value.Graph), t => t.Task.ToString(CultureInfo.InvariantCulture));
    }
}

internal sealed class GetTaskHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<GetTask, Result<TaskView>>
{
    public async Task<Result<TaskView>> Handle(GetTask request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var index = scope.Value.FindTask(request.Task);
        if (!index.IsOk) return index.Error;
        var row = await db.Tasks.AsNoTracking().SingleAsync(t => t.RunId == scope.Value.Run.Id && t.Task == index.Value, cancellationToken);
        return row.View(scope.Value.Graph);
    }
}

internal sealed class CancelTaskHandler(IGoferDb db, IVersionGraphs versions, IRunWriter writer, IMediator mediator)
    : IRequestHandler<CancelTask, Result<TaskView>>
{
    public async Task<Result<TaskView>> Handle(CancelTask request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var index = scope.Value.FindTask(request.Task);
        if (!index.IsOk) return index.Error;
        var cancelled = await writer.CancelTaskAsync(scope.Value.Run.Id, index.Value, request.Reason, cancellationToken);
        return cancelled.IsOk ? await mediator.Send(new GetTask(request.Path, request.Task), cancellationToken) : cancelled.Error;
    }
}
