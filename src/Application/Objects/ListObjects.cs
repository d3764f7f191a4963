using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Objects;

/// <summary>Lists the objects of one place by key, without their bytes.</summary>
public sealed record ListObjects(ObjectPlace Place, PageRequest Page) : IRequest<Result<Page<ObjectView>>>;

internal sealed class ListObjectsHandler(IGoferDb db, IVersionGraphs versions, IObjectIndex index) : IRequestHandler<ListObjects, Result<Page<ObjectView>>>
{
    public async Task<Result<Page<ObjectView>>> Handle(ListObjects request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;
        var scope = await db.FindScopeAsync(versions, request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var rows = await index.ListAsync(scope.Value, after.Value ?? "", request.Page.Take + 1, cancellationToken);
        return Cursors.Page(rows, request.Page.Take, o => o.View(), o => o.Key);
    }
}
