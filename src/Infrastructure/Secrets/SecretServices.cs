using Gofer.Application.Secrets;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Secrets.Vault;
using Gofer.Infrastructure.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Infrastructure.Secrets;

/// <summary>Secrets in a host that has <c>AddGoferPostgres</c>.</summary>
public static class SecretServices
{
    /// <summary>
    /// The store in Gofer's own database, sealed with these keys, or in a Vault or a store of somebody's own where one is given; what a task was started
    /// with is sealed with the keys in any case. The database does not open where something is sealed with a key that is not among them, unless
    /// <paramref name="demandAll"/> is false.
    /// </summary>
    public static IServiceCollection AddGoferSecrets(this IServiceCollection services, KeyRing ring, bool demandAll = true, VaultOptions? vault = null, StoreOptions? own = null)
    {
        services.AddSingleton(ring);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<KeyProofs>(provider, demandAll));
        services.AddSingleton<KeyRotation>();
        if (vault is not null) services.AddVault(vault);
        else if (own is not null) services.AddSecretStore(own);
        else services.AddSingleton<ISecretStore, PostgresSecretStore>();
        services.AddSingleton<ObjectText>();
        services.AddSingleton<ITaskSecrets, AttemptSecrets>();
        return services;
    }

    private static void AddVault(this IServiceCollection services, VaultOptions options)
    {
        services.AddSingleton(_ => new VaultClient(options));
        services.AddSingleton<ISecretStore>(provider => new VaultSecretStore(
            provider.GetRequiredService<VaultClient>(), options, () => provider.GetRequiredService<GoferDatabase>().Install));
    }
}
