using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;

namespace Gofer.Application.Secrets;

/// <summary>A secret as the API shows it: all but its value, which no route answers.</summary>
/// <param name="Key">Its name, as <c>pipeline_secret{{key}}</c> has it.</param>
/// <param name="Version">Counts its values from 1.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it got its present value.</param>
/// <param name="Namespaces">Of a global secret: names or patterns such as <c>team-*</c> of the namespaces whose tasks may have it; null for others.</param>
public sealed record SecretView(string Key, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string>? Namespaces);

/// <summary>Whose secrets a route speaks of: a pipeline's, a namespace's, or with neither the install's.</summary>
public sealed record SecretPlace(NamespaceScope? Namespace, string? Pipeline)
{
    /// <summary>The install's own.</summary>
    public static SecretPlace Global { get; } = new(null, null);
}

/// <summary>What the use cases of secrets share.</summary>
internal static class SecretViews
{
    /// <summary>How many keys are looked through for the one that was meant.</summary>
    private const int Suggestions = 1000;

    public static SecretView View(this SecretInfo secret, SecretScope scope) =>
        new(secret.Key, secret.Version, secret.CreatedAt, secret.UpdatedAt, scope is SecretScope.Global ? secret.Namespaces : null);

    /// <summary>The scope that a place names, or what of it is not there.</summary>
    public static async Task<Result<SecretScope>> FindScopeAsync(this IGoferDb db, SecretPlace place, CancellationToken cancellationToken)
    {
        if (place.Namespace is not { } @namespace) return new SecretScope.Global();
        if (place.Pipeline is { } name)
        {
            var pipeline = await db.FindPipelineAsync(@namespace, name, cancellationToken);
            return pipeline.IsOk ? new SecretScope.OfPipeline(pipeline.Value.NamespaceId, pipeline.Value.Id) : pipeline.Error;
        }

        var home = await db.FindNamespaceAsync(@namespace, cancellationToken);
        return home.IsOk ? new SecretScope.OfNamespace(home.Value.Id) : home.Error;
    }

    /// <summary>The error for a key that is not there, with the nearest that is.</summary>
    public static async Task<Error> MissingAsync(this ISecretStore store, SecretScope scope, string key, CancellationToken cancellationToken)
    {
        var keys = await store.ListAsync(scope, "", Suggestions, cancellationToken);
        return Lookups.NotFound(ErrorCodes.SecretNotFound, $"No {scope.Kind} secret {Shown.Quoted(key)}.", key, keys.Select(s => s.Key));
    }
}
