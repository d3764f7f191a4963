using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Revokes a token for good: every server refuses it within seconds, and what it has open ends.</summary>
public sealed record DeleteToken(Caller Caller, string Id) : IRequest<Result>;

internal sealed class DeleteTokenHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<DeleteToken, Result>
{
    public async Task<Result> Handle(DeleteToken request, CancellationToken cancellationToken)
    {
        var token = await db.FindTokenAsync(request.Id, cancellationToken);
        if (!token.IsOk) return token.Error;
        // Its own everybody may give up; of others nobody takes away what it could not give.
        var roles = await db.RolesOfAsync(token.Value.Roles, cancellationToken);
        if (request.Id != request.Caller.Token && !(await db.GrantsOfAsync(request.Caller, clock, cancellationToken)).Cover(Grants.Of(roles, token.Value.Namespaces))) return TokenViews.Widens;
        db.Tokens.Remove(token.Value);
        audit.Note(AuditTypes.TokenDeleted, token.Value);
        await db.SaveChangesAsync(cancellationToken);
        return Result.Ok;
    }
}
