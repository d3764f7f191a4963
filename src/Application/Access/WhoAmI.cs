using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Says who asks and what it may do.</summary>
public sealed record WhoAmI(Caller Caller) : IRequest<Result<WhoAmIView>>;

internal sealed class WhoAmIHandler(IGoferDb db) : IRequestHandler<WhoAmI, Result<WhoAmIView>>
{
    public async Task<Result<WhoAmIView>> Handle(WhoAmI request, CancellationToken cancellationToken)
    {
        if (request.Caller.Identity is { } identity)
        {
            var granted = await db.RolesOfAsync([.. identity.Grants.SelectMany(g => g.Roles).Distinct()], cancellationToken);
            var view = new IdentityView(identity.Issuer, identity.Subject, identity.Name, identity.Grants, identity.ExpiresAt);
            return new WhoAmIView(null, null, view, [.. granted.SelectMany(r => r.Permissions)]);
        }

        if (request.Caller.Token is not { } id) return new WhoAmIView(null, null, null, BuiltInRoles.Admin.Permissions);
        if (request.Caller.Run is { } run) return new WhoAmIView(null, run, null, BuiltInRoles.OfRun.Permissions);
        var token = await db.FindTokenAsync(id, cancellationToken);
        if (!token.IsOk) return token.Error;
        var roles = await db.RolesOfAsync(token.Value.Roles, cancellationToken);
        return new WhoAmIView(token.Value.View(), null, null, [.. roles.SelectMany(r => r.Permissions)]);
    }
}
