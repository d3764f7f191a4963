using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>A token as the API shows it; its text is in the answer that made it and nowhere else.</summary>
/// <param name="Id">Its public part, which its text begins with.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Roles">The names of its roles.</param>
/// <param name="Namespaces">Names or patterns of the namespaces that it is for; its roles hold nowhere else.</param>
/// <param name="Disabled">Whether it is refused until somebody enables it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it: the id of a token, or an identity of the provider as <c>ISSUER#SUBJECT</c>; null for the first one.</param>
/// <param name="ExpiresAt">From when on it is refused.</param>
/// <param name="LastUsedAt">When it was last used, to the minute; null where it never was.</param>
public sealed record TokenView(
    string Id, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Namespaces, bool Disabled, DateTimeOffset CreatedAt, string? CreatedBy,
    DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>A token that was made just now, with its text.</summary>
/// <param name="Token">The text, shown this once.</param>
/// <param name="Id">Its public part.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Roles">The names of its roles.</param>
/// <param name="Namespaces">Names or patterns of the namespaces that it is for.</param>
/// <param name="ExpiresAt">From when on it is refused.</param>
public sealed record NewTokenView(string Token, string Id, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Namespaces, DateTimeOffset ExpiresAt);

/// <summary>Who asks, and what it may do.</summary>
/// <param name="Token">What is known of the token that was shown; null where the server asks for none, for a run's, and for the identity provider's.</param>
/// <param name="Run">The run whose token it is; null for every other.</param>
/// <param name="Identity">Whom the identity provider vouches for; null for every other.</param>
/// <param name="Permissions">Everything that its roles allow, in the namespaces that they are given for.</param>
public sealed record WhoAmIView(TokenView? Token, RunReach? Run, IdentityView? Identity, IReadOnlyList<Permission> Permissions);

/// <summary>Whom the identity provider vouches for.</summary>
/// <param name="Issuer">The provider.</param>
/// <param name="Subject">Who it is there, for good.</param>
/// <param name="Name">What it is called there.</param>
/// <param name="Grants">The roles that its claims give it, each with the namespaces in which they hold.</param>
/// <param name="ExpiresAt">From when on the token is refused.</param>
public sealed record IdentityView(string Issuer, string Subject, string Name, IReadOnlyList<RoleGrant> Grants, DateTimeOffset ExpiresAt);

/// <summary>What is wanted of a token; null leaves a member as it is, or at its default where the token is new.</summary>
public sealed record TokenSettings(string? Name, IReadOnlyList<string>? Roles, IReadOnlyList<string>? Namespaces, bool? Disabled = null);

/// <summary>What the use cases of tokens share.</summary>
internal static class TokenViews
{
    public static TokenView View(this Token token) => new(
        token.Id, token.Name, token.Roles, token.Namespaces, token.Disabled, token.CreatedAt, token.CreatedBy, token.ExpiresAt, token.LastUsedAt);

    /// <summary>Notes a change of a token, with what it allows then.</summary>
    public static void Note(this AuditTrail audit, string type, Token token) => audit.Note(
        type, AuditTarget.OfInstall(token.Id), new { token.Name, token.Roles, token.Namespaces, token.Disabled, token.ExpiresAt });

    public static Tagged<TokenView> Tagged(this Token token) => new(token.View(), EntityTags.Of(token.Revision));

    public static NewTokenView View(this Token token, TokenText text) => new(text.Reveal(), token.Id, token.Name, token.Roles, token.Namespaces, token.ExpiresAt);

    extension(IGoferDb db)
    {
        /// <summary>The token of that id.</summary>
        public async Task<Result<Token>> FindTokenAsync(string id, CancellationToken cancellationToken) =>
            TokenText.IsId(id) && await db.Tokens.SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is { } found
                ? found
                : new Error(ErrorKind.NotFound, ErrorCodes.TokenNotFound, $"No token {Shown.Quoted(id)}.");

        /// <summary>The roles of those names, in no order; what there is none of is left away, so it allows nothing.</summary>
        public async Task<IReadOnlyList<Role>> RolesOfAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
        {
            var own = names.Where(n => !BuiltInRoles.All.ContainsKey(n)).ToArray();
            var made = own.Length == 0 ? [] : await db.Roles.AsNoTracking().Where(r => own.Contains(r.Name)).ToListAsync(cancellationToken);
            return [.. names.Distinct().Where(BuiltInRoles.All.ContainsKey).Select(n => BuiltInRoles.All[n]), .. made];
        }

        /// <summary>The roles of an identity, for each of its grants with the namespaces in which they hold.</summary>
        public async Task<IReadOnlyList<(IReadOnlyList<Role> Roles, IReadOnlyList<string> Namespaces)>> RolesOfAsync(Identity identity, CancellationToken cancellationToken)
        {
            var roles = await db.RolesOfAsync([.. identity.Grants.SelectMany(g => g.Roles).Distinct()], cancellationToken);
            return [.. identity.Grants.Select(g => ((IReadOnlyList<Role>)[.. roles.Where(r => g.Roles.Contains(r.Name))], g.Namespaces))];
        }

        /// <summary>What a caller may do at this moment, not when it was let in: what it gives to others may outlive a revocation by a year.</summary>
        public async Task<Grants> GrantsOfAsync(Caller caller, TimeProvider clock, CancellationToken cancellationToken)
        {
            if (caller.Identity is { } identity)
            {
                if (clock.GetUtcNow() >= identity.ExpiresAt) return Grants.Of([], []);
                return Grants.Union((await db.RolesOfAsync(identity, cancellationToken)).Select(g => Grants.Of(g.Roles, g.Namespaces)));
            }

            if (caller.Token is not { } id) return caller.Grants;
            var token = await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id, cancellationToken);
            return token?.IsGood(clock.GetUtcNow()) is true ? Grants.Of(await db.RolesOfAsync(token.Roles, cancellationToken), token.Namespaces) : Grants.Of([], []);
        }

        /// <summary>
        /// Why <paramref name="caller"/> may not make or change a token to one of these roles and namespaces, or null: they must exist, and nobody
        /// gives to others what it may not do itself.
        /// </summary>
        public async Task<Error?> RefuseAsync(Grants caller, IReadOnlyList<string> roles, IReadOnlyList<string> namespaces, CancellationToken cancellationToken)
        {
            // Held until the token is there: a role that went meanwhile could come again under its name and say more.
            await db.HoldRolesAsync(roles, cancellationToken);
            var found = await db.RolesOfAsync(roles, cancellationToken);
            foreach (var (name, i) in roles.Select((name, i) => (name, i)))
            {
                if (found.Any(r => r.Name == name)) continue;
                var known = await db.Roles.Select(r => r.Name).Take(100).ToListAsync(cancellationToken);
                var near = Nearest.Of(name, [.. BuiltInRoles.All.Keys, .. known]);
                return Error.Invalid(Fault.At("/roles", i), $"No role {Shown.Quoted(name)}.{(near is null ? "" : $" Did you mean {Shown.Quoted(near)}?")}");
            }

            return caller.Cover(Grants.Of(found, namespaces)) ? null : Widens;
        }
    }

    /// <summary>The error for whoever would give away more than it has.</summary>
    public static Error Widens { get; } = new(
        ErrorKind.Forbidden, ErrorCodes.Forbidden, "This is about more than your own token allows. Nobody gives to others, or takes from them, what it may not do itself.");
}
