using Gofer.Application.Secrets;
using Gofer.Infrastructure.Postgres.Secrets;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Infrastructure.Secrets;

/// <summary>Secrets in a host that has <c>AddGoferPostgres</c>.</summary>
public static class SecretServices
{
    /// <summary>
    /// The store in Gofer's own database, sealed with these keys. The database does not open where something is sealed with a key that is not among them, unless
    /// <paramref name="demandAll"/> is false.
    /// </summary>
    public static IServiceCollection AddGoferSecrets(this IServiceCollection services, KeyRing ring, bool demandAll = true)
    {
        services.AddSingleton(ring);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<KeyProofs>(provider, demandAll));
        services.AddSingleton<KeyRotation>();
        services.AddSingleton<ISecretStore, PostgresSecretStore>();
        services.AddSingleton<ITaskSecrets, AttemptSecrets>();
        return services;
    }
}
