using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Runs;

/// <summary>Reads one run.</summary>
public sealed record GetRun(RunPath Path) : IRequest<Result<RunView>>;

/// <summary>Finds a run for whoever wants to follow it.</summary>
public sealed record FindRun(RunPath Path) : IRequest<Result<RunScope>>;

internal sealed class GetRunHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<GetRun, Result<RunView>>
{
    public async Task<Result<RunView>> Handle(GetRun request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        return scope.IsOk ? scope.Value.View() : scope.Error;
    }
}

internal sealed class FindRunHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<FindRun, Result<RunScope>>
{
    public Task<Result<RunScope>> Handle(FindRun request, CancellationToken cancellationToken) =>
        db.FindRunAsync(versions, request.Path, cancellationToken);
}

/// <summary>Finds a task of a run by its id; answers its index.</summary>
public sealed record FindTask(RunScope Scope, string Task) : IRequest<Result<int>>;

internal sealed class FindTaskHandler : IRequestHandler<FindTask, Result<int>>
{
    public Task<Result<int>> Handle(FindTask request, CancellationToken cancellationToken) => Task.FromResult(request.Scope.FindTask(request.Task));
}
