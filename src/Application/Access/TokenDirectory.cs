using Gofer.Application.Common;
using Gofer.Domain.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Access;

/// <summary>A token with what its roles allow at the moment.</summary>
/// <param name="Token">The token.</param>
/// <param name="Caller">Who asks with it.</param>
/// <param name="Stamp">Another one where anything of what it allows has changed.</param>
public sealed record KnownToken(Token Token, Caller Caller, string Stamp);

/// <summary>Looks tokens up for whoever lets callers in.</summary>
public sealed class TokenDirectory(IServiceScopeFactory scopes)
{
    /// <summary>The token of that id with its roles; null where there is none.</summary>
    public async Task<KnownToken?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
        if (await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is not { } token) return null;
        var roles = await db.RolesOfAsync(token.Roles, cancellationToken);
        var stamp = string.Join(' ', roles.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => FormattableString.Invariant($"{r.Name}:{r.Revision}")).Prepend(FormattableString.Invariant($"{token.Revision}")));
        return new KnownToken(token, new Caller(token.Id, token.Name, Grants.Of(roles, token.Namespaces)), stamp);
    }

    /// <summary>Notes that tokens were used, each with the time of it.</summary>
    public async Task NoteUsesAsync(IReadOnlyDictionary<string, DateTimeOffset> uses, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IGoferDb>().NoteUsesAsync(uses, cancellationToken);
    }
}
