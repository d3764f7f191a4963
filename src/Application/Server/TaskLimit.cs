using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
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

internal sealed class SetTaskLimitHandler(IGoferDb db, AuditTrail audit) : IRequestHandler<SetTaskLimit, Result<int>>
{
    public async Task<Result<int>> Handle(SetTaskLimit request, CancellationToken cancellationToken)
    {
        if (request.Limit is { } limit)
        {
            await using var transaction = await db.BeginAsync(cancellationToken);
            await db.SetTaskLimitAsync(limit, cancellationToken);
            audit.Note(AuditTypes.SystemUpdated, AuditTarget.OfInstall(), new { TaskLimit = limit });
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return await db.GetTaskLimitAsync(cancellationToken);
    }
}
