using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Lists roles by name, those among them that are built in.</summary>
public sealed record ListRoles(PageRequest Page) : IRequest<Result<Page<RoleView>>>;

internal sealed class ListRolesHandler(IGoferDb db) : IRequestHandler<ListRoles, Result<Page<RoleView>>>
{
    public async Task<Result<Page<RoleView>>> Handle(ListRoles request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;
        var place = after.Value ?? "";
        var made = await db.Roles.AsNoTracking().Where(r => r.Name.CompareTo(place) > 0).OrderBy(r => r.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        var rows = BuiltInRoles.All.Values.Where(r => string.CompareOrdinal(r.Name, place) > 0).Concat(made)
            .OrderBy(r => r.Name, StringComparer.Ordinal).Take(request.Page.Take + 1).ToList();
        return Cursors.Page(rows, request.Page.Take, r => r.View(), r => r.Name);
    }
}
