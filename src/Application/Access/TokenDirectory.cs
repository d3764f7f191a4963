using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Access;

/// <summary>The token of a run that has not ended.</summary>
/// <param name="Hash">SHA-256 of its text.</param>
/// <param name="Namespace">The run's namespace.</param>
/// <param name="Pipeline">The run's pipeline.</param>
/// <param name="Run">The run's number.</param>
public sealed record RunTokenRow(byte[] Hash, string Namespace, string Pipeline, long Run);

/// <summary>A token with what it allows at the moment.</summary>
/// <param name="Id">Its public part; of the identity provider's one a digest.</param>
/// <param name="Hash">SHA-256 of its text; nothing for the identity provider's, which is known by its signature.</param>
/// <param name="Caller">Who asks with it.</param>
/// <param name="Stamp">Another one where anything of what it allows has changed.</param>
public sealed record KnownToken(string Id, byte[] Hash, Caller Caller, string Stamp)
{
    /// <summary>Whether it is refused until somebody enables it.</summary>
    public bool Disabled { get; init; }

    /// <summary>From when on it is refused; a run's ends with its run.</summary>
    public DateTimeOffset ExpiresAt { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Whether whoever shows it is let in.</summary>
    public bool IsGood(DateTimeOffset now) => !Disabled && now < ExpiresAt;
}

/// <summary>Looks tokens up for whoever lets callers in.</summary>
public sealed class TokenDirectory(IServiceScopeFactory scopes)
{
    /// <summary>The token of that id; null where there is none, and where its run has ended.</summary>
    public async Task<KnownToken?> FindAsync(string id, bool ofRun, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
        return ofRun ? await OfRunAsync(db, id, cancellationToken) : await MadeAsync(db, id, cancellationToken);
    }

    /// <summary>Whom the identity provider vouches for, with what its roles allow at the moment; <paramref name="key"/> is that of the token which says so.</summary>
    public async Task<KnownToken> FindAsync(Identity identity, string key, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var granted = await scope.ServiceProvider.GetRequiredService<IGoferDb>().RolesOfAsync(identity, cancellationToken);
        var caller = new Caller(null, identity.Name, Grants.Union(granted.Select(g => Grants.Of(g.Roles, g.Namespaces)))) { Identity = identity };
        return new KnownToken(key, [], caller, string.Concat(granted.Select(g => Stamp(g.Roles, g.Namespaces)))) { ExpiresAt = identity.ExpiresAt };
    }

    /// <summary>Notes that tokens were used, each with the time of it.</summary>
    public async Task NoteUsesAsync(IReadOnlyDictionary<string, DateTimeOffset> uses, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IGoferDb>().NoteUsesAsync(uses, cancellationToken);
    }

    private static async Task<KnownToken?> MadeAsync(IGoferDb db, string id, CancellationToken cancellationToken)
    {
        if (await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is not { } token) return null;
        var roles = await db.RolesOfAsync(token.Roles, cancellationToken);
        return new KnownToken(token.Id, token.Hash, new Caller(token.Id, token.Name, Grants.Of(roles, token.Namespaces)), Stamp(roles, token.Namespaces))
        {
            Disabled = token.Disabled,
            ExpiresAt = token.ExpiresAt,
        };
    }

    /// <summary>What is allowed, and not how often that was written: another name cuts nobody off.</summary>
    private static string Stamp(IReadOnlyList<Role> roles, IReadOnlyList<string> namespaces) =>
        JsonSerializer.Serialize(new { Namespaces = namespaces, Roles = roles.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => r.Permissions) });

    private static async Task<KnownToken?> OfRunAsync(IGoferDb db, string id, CancellationToken cancellationToken)
    {
        if (await db.FindRunTokenAsync(id, cancellationToken) is not { } token) return null;
        var reach = new RunReach(token.Namespace, token.Pipeline, token.Run);
        var caller = new Caller(id, FormattableString.Invariant($"{reach.Pipeline}/{reach.Run}"), Grants.Of([BuiltInRoles.OfRun], [reach.Namespace])) { Run = reach };
        return new KnownToken(id, token.Hash, caller, "");
    }
}
