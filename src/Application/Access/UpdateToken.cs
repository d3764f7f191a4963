using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Changes what is given of a token; to no more than the caller's own allows, and no token that allows more.</summary>
public sealed record UpdateToken(Caller Caller, string Id, TokenSettings Settings, string? IfMatch) : IRequest<Result<Tagged<TokenView>>>;

internal sealed class UpdateTokenHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<UpdateToken, Result<Tagged<TokenView>>>
{
    public async Task<Result<Tagged<TokenView>>> Handle(UpdateToken request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var found = await db.FindTokenAsync(request.Id, cancellationToken);
        if (!found.IsOk) return found.Error;
        var (token, settings) = (found.Value, request.Settings);
        if (EntityTags.Refuse(request.IfMatch, token.Revision) is { } stale) return stale;
        // Whoever may not make such a token neither disables one nor wakes one up.
        var present = await db.RolesOfAsync(token.Roles, cancellationToken);
        var caller = await db.GrantsOfAsync(request.Caller, clock, cancellationToken);
        if (!caller.Cover(Grants.Of(present, token.Namespaces))) return TokenViews.Widens;
        var (roles, namespaces) = (settings.Roles ?? token.Roles, settings.Namespaces ?? token.Namespaces);
        if ((settings.Roles ?? settings.Namespaces) is not null && await db.RefuseAsync(caller, roles, namespaces, cancellationToken) is { } refused) return refused;
        var revision = token.Revision;
        token.Grant(settings.Name ?? token.Name, roles, namespaces);
        if (settings.Disabled is { } disabled) token.Disable(disabled);
        if (token.Revision != revision) audit.Note(AuditTypes.TokenUpdated, token);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token.Tagged();
    }
}
