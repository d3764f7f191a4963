using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Deletes a role that no token has.</summary>
public sealed record DeleteRole(string Name, string? IfMatch) : IRequest<Result>;

internal sealed class DeleteRoleHandler(IGoferDb db, AuditTrail audit) : IRequestHandler<DeleteRole, Result>
{
    public async Task<Result> Handle(DeleteRole request, CancellationToken cancellationToken)
    {
        var role = await db.FindRoleAsync(request.Name, cancellationToken);
        if (!role.IsOk) return role.Error;
        if (BuiltInRoles.All.ContainsKey(request.Name)) return RoleViews.BuiltIn(request.Name);
        db.Forget();
        await using var transaction = await db.BeginAsync(cancellationToken);
        // Whoever gives the role to a token at this moment holds it: the lock comes after that token, which is then seen.
        if (await db.LockRoleAsync(request.Name, cancellationToken) is not { } locked) return (await db.FindRoleAsync(request.Name, cancellationToken)).Error!;
        if (EntityTags.Refuse(request.IfMatch, locked.Revision) is { } stale) return stale;
        if (await db.Tokens.Where(t => t.Roles.Contains(request.Name)).Select(t => t.Id).FirstOrDefaultAsync(cancellationToken) is { } user)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.InUse, $"Tokens have the role, {user} among them. Give them others first, or delete them.");
        }

        db.Roles.Remove(locked);
        audit.Note(AuditTypes.RoleDeleted, AuditTarget.OfInstall(locked.Name));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Result.Ok;
    }
}
