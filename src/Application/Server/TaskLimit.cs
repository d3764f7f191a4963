using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Server;

/// <summary>How many tasks of the install may be in the queue and running at a time; 0 sets no limit.</summary>
public sealed record GetTaskLimit : IRequest<Result<int>>;

/// <summary>Sets it, where a number is given; answers what is in force then.</summary>
public sealed record SetTaskLimit(int? Limit) : IRequest<Result<int>>;

internal sealed class GetTaskLimitHandler(IGoferDb db) : IRequestHandler<GetTaskLimit, Result<int>>
{
    public async Task<Result<int>> Handle(GetTaskLimit request, CancellationToken cancellationToken) => await db.GetTaskLimitAsync(cancellationToken);
}

internal sealed class SetTaskLimitHandler(IGoferDb db) : IRequestHandler<SetTaskLimit, Result<int>>
{
    public async Task<Result<int>> Handle(SetTaskLimit request, CancellationToken cancellationToken)
    {
        if (request.Limit is { } limit) await db.SetTaskLimitAsync(limit, cancellationToken);
        return await db.GetTaskLimitAsync(cancellationToken);
    }
}
