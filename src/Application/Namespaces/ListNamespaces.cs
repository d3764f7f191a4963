using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Lists the namespaces that the caller sees, by name.</summary>
public sealed record ListNamespaces(Caller Caller, PageRequest Page) : IRequest<Result<Page<NamespaceView>>>;

internal sealed class ListNamespacesHandler(IGoferDb db) : IRequestHandler<ListNamespaces, Result<Page<NamespaceView>>>
{
    public async Task<Result<Page<NamespaceView>>> Handle(ListNamespaces request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;

        var place = after.Value ?? "";
        var rows = await db.Namespaces.AsNoTracking()
            .Where(n => n.DeletedAt == null && n.Name.CompareTo(place) > 0).SeenBy(request.Caller.Grants.Sights)
            .OrderBy(n => n.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, n => n.View(), n => n.Name);
    }
}
