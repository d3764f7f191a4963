using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Deletes a role that no token has.</summary>
public sealed record DeleteRole(string Name, string? IfMatch) : IRequest<Result>;

internal sealed class DeleteRoleHandler(IGoferDb db) : IRequestHandler<DeleteRole, Result>
{
    public async Task<Result> Handle(DeleteRole request, CancellationToken cancellationToken)
    {
        var role = await db.FindRoleAsync(request.Name, cancellationToken);
        if (!role.IsOk) return role.Error;
        if (BuiltInRoles.All.ContainsKey(request.Name)) return RoleViews.BuiltIn(request.Name);
        if (EntityTags.Refuse(request.IfMatch, role.Value.Revision) is { } stale) return stale;
        if (await db.Tokens.Where(t => t.Roles.Contains(request.Name)).Select(t => t.Id).FirstOrDefaultAsync(cancellationToken) is { } user)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.InUse, $"Tokens have the role, {user} among them. Give them others first, or delete them.");
        }

        // A token that gets the role at this moment has one that there is none of, which allows nothing.
        db.Roles.Remove(role.Value);
        await db.SaveChangesAsync(cancellationToken);
        return Result.Ok;
    }
}
