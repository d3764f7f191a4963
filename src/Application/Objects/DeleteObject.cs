using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Objects;

/// <summary>Deletes an object with its bytes.</summary>
public sealed record DeleteObject(ObjectPlace Place, string Key, ObjectCondition Condition) : IRequest<Result>;

internal sealed class DeleteObjectHandler(IGoferDb db, IVersionGraphs versions, IObjectIndex index) : IRequestHandler<DeleteObject, Result>
{
    public async Task<Result> Handle(DeleteObject request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(versions, request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        if (!Slug.IsValid(request.Key)) return await index.MissingAsync(scope.Value, request.Key, cancellationToken);
        var deleted = await index.DeleteAsync(scope.Value, request.Key, request.Condition, cancellationToken);
        if (!deleted.IsOk) return deleted.Error;
        return deleted.Value ? Result.Ok : await index.MissingAsync(scope.Value, request.Key, cancellationToken);
    }
}
