using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>A role as the API shows it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="BuiltIn">Whether every install has it and nobody changes it.</param>
/// <param name="Permissions">What it allows; everything else is denied.</param>
public sealed record RoleView(string Id, string Description, bool BuiltIn, IReadOnlyList<Permission> Permissions);

/// <summary>What the use cases of roles share.</summary>
internal static class RoleViews
{
    public static RoleView View(this Role role) => new(role.Name, role.Description, BuiltInRoles.All.ContainsKey(role.Name), role.Permissions);

    public static Tagged<RoleView> Tagged(this Role role) => new(role.View(), EntityTags.Of(role.Revision));

    /// <summary>The error for who would change a role that every install has.</summary>
    public static Error BuiltIn(string name) => new(
        ErrorKind.Conflict, ErrorCodes.RoleBuiltIn, $"The role '{name}' is built in and stays as it is. Make one of another name.");

    /// <summary>The role of that name, built in or made.</summary>
    public static async Task<Result<Role>> FindRoleAsync(this IGoferDb db, string name, CancellationToken cancellationToken)
    {
        if (BuiltInRoles.All.TryGetValue(name, out var builtIn)) return builtIn;
        if (Slug.IsValid(name) && await db.Roles.SingleOrDefaultAsync(r => r.Name == name, cancellationToken) is { } found) return found;
        var names = await db.Roles.Select(r => r.Name).Take(1000).ToListAsync(cancellationToken);
        return Lookups.NotFound(ErrorCodes.RoleNotFound, $"No role {Shown.Quoted(name)}.", name, [.. BuiltInRoles.All.Keys, .. names]);
    }
}
