using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Lists the tasks of a run in the document's order.</summary>
public sealed record ListTasks(RunPath Path) : IRequest<Result<Page<TaskView>>>;

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
        // A run has at most as many tasks as a document: no page of them is needed.
        return new Page<TaskView>(await db.TasksAsync(scope.Value, scope.Value.Run.State, null, cancellationToken), null);
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
        return (await db.TasksAsync(scope.Value, scope.Value.Run.State, [index.Value], cancellationToken)).Single();
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
