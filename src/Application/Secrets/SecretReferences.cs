using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Secrets;

namespace Gofer.Application.Secrets;

/// <summary>What a reference such as <c>pipeline_secret{{key}}</c> leads to, whoever reads it: a task, a trigger's URL or a notification.</summary>
public static class SecretReferences
{
    /// <summary>Where a secret of that kind is kept for something of that pipeline; null where the kind names no secret.</summary>
    public static SecretScope? ScopeOf(string kind, NamespaceId home, PipelineId pipeline) => kind switch
    {
        Interpolation.PipelineSecret => new SecretScope.OfPipeline(home, pipeline),
        Interpolation.NamespaceSecret => new SecretScope.OfNamespace(home),
        Interpolation.GlobalSecret => new SecretScope.Global(),
        _ => null,
    };

    /// <summary>
    /// The secret for something of that namespace; null where there is none. A global one that is for others is not there: who may not have it shall not learn
    /// that it is, also where it does not open.
    /// </summary>
    /// <exception cref="UnreadableSecretException">It is there and no key opens it.</exception>
    /// <exception cref="StoreUnavailableException">The store did not answer.</exception>
    public static async Task<StoredSecret?> ReadForAsync(this ISecretStore store, SecretScope scope, string key, string @namespace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (!Slug.IsValid(key)) return null;
        if (scope is not SecretScope.Global) return await store.ReadAsync(scope, key, cancellationToken);
        if (!IsFor(await store.FindAsync(scope, key, cancellationToken), @namespace)) return null;
        var found = await store.ReadAsync(scope, key, cancellationToken);
        return IsFor(found?.Info, @namespace) ? found : null;
    }

    private static bool IsFor(SecretInfo? secret, string @namespace) => secret?.Namespaces.Any(p => NamespacePattern.Matches(p, @namespace)) is true;
}
