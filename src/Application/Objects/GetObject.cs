using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Objects;

/// <summary>Finds an object for whoever wants its bytes.</summary>
public sealed record GetObject(ObjectPlace Place, string Key) : IRequest<Result<FoundObject>>;

/// <summary>An object with its bytes, of which none is read before it is asked for; the stream can be read from any place.</summary>
public sealed record FoundObject(ObjectInfo Info, Stream Content);

internal sealed class GetObjectHandler(IGoferDb db, IVersionGraphs versions, IObjectIndex index, IObjectStore store) : IRequestHandler<GetObject, Result<FoundObject>>
{
    public async Task<Result<FoundObject>> Handle(GetObject request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(versions, request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        // A key that cannot be is not asked for: it may hold what no database text can.
        return Slug.IsValid(request.Key) && await index.FindAsync(scope.Value, request.Key, cancellationToken) is { } found
            ? new FoundObject(found, new ObjectStream(store, found.Blob, found.Size))
            : await index.MissingAsync(scope.Value, request.Key, cancellationToken);
    }
}
