using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Reads a role.</summary>
public sealed record GetRole(string Name) : IRequest<Result<Tagged<RoleView>>>;

internal sealed class GetRoleHandler(IGoferDb db) : IRequestHandler<GetRole, Result<Tagged<RoleView>>>
{
    public async Task<Result<Tagged<RoleView>>> Handle(GetRole request, CancellationToken cancellationToken)
    {
        var role = await db.FindRoleAsync(request.Name, cancellationToken);
        return role.IsOk ? role.Value.Tagged() : role.Error;
    }
}
