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

        // The graph says which rows are tasks; a run has each of them.
        var graph = scope.Value.Graph;
        var wanted = Enumerable.Range(after + 1, Math.Max(0, graph.Count - after - 1)).Where(t => !graph.Nodes[t].IsJoin).Take(request.Page.Take + 1).ToList();
        var tasks = await db.TasksAsync(scope.Value, scope.Value.Run.State, wanted, cancellationToken);
        return Cursors.Page(tasks, request.Page.Take, t => t, t => graph.IndexOf(t.Id)!.Value.ToString(CultureInfo.InvariantCulture));
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
