using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Makes a role or replaces what it says; to no more than the caller's own token allows, and none that allows more.</summary>
public sealed record PutRole(Caller Caller, string Name, string Description, IReadOnlyList<Permission> Permissions, string? IfMatch) : IRequest<Result<PutRoleAnswer>>;

/// <summary>The role as it is now, and whether it was made just now.</summary>
public sealed record PutRoleAnswer(Tagged<RoleView> Role, bool Created);

internal sealed class PutRoleHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<PutRole, Result<PutRoleAnswer>>
{
    public async Task<Result<PutRoleAnswer>> Handle(PutRole request, CancellationToken cancellationToken)
    {
        if (Slug.Complaint(request.Name) is { } complaint) return Error.Invalid("/id", $"The id {complaint}");
        if (BuiltInRoles.IsReserved(request.Name)) return RoleViews.BuiltIn(request.Name);
        var now = clock.GetUtcNow();
        var role = await db.Roles.SingleOrDefaultAsync(r => r.Name == request.Name, cancellationToken);
        var stale = role is null ? EntityTags.RefuseMissing(request.IfMatch, "role") : EntityTags.Refuse(request.IfMatch, role.Revision);
        if (stale is not null) return stale;
        var wanted = new Role(request.Name, request.Description, request.Permissions, now);
        // Who has a role gets all that it says in the namespaces of its token, whatever those are.
        var caller = await db.GrantsOfAsync(request.Caller, clock, cancellationToken);
        if (!caller.Cover(Grants.Of(role is null ? [wanted] : [wanted, role], [AccessWords.All]))) return TokenViews.Widens;
        var (created, revision) = (role is null, role?.Revision);
        if (role is null) db.Roles.Add(role = wanted);
        else role.Replace(request.Description, request.Permissions, now);
        if (role.Revision != revision) audit.Note(created ? AuditTypes.RoleCreated : AuditTypes.RoleUpdated, AuditTarget.OfInstall(role.Name), new { role.Permissions });
        await db.SaveChangesAsync(cancellationToken);
        return new PutRoleAnswer(role.Tagged(), created);
    }
}
