using Gofer.Application.Objects;
using Gofer.Application.Secrets;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gofer.Infrastructure.Stores;

/// <summary>A store of somebody else's in a host that has <c>AddGoferPostgres</c>; both kinds share one channel.</summary>
internal static class StoreServices
{
    public static void AddSecretStore(this IServiceCollection services, StoreOptions options) =>
        services.AddChannel(options).AddSingleton<ISecretStore>(p => new GrpcSecretStore(p.GetRequiredService<StoreChannel>(), Install(p)));

    public static void AddObjectStore(this IServiceCollection services, StoreOptions options) =>
        services.AddChannel(options).Replace(ServiceDescriptor.Singleton<IObjectStore>(p => new GrpcObjectStore(p.GetRequiredService<StoreChannel>(), Install(p))));

    private static IServiceCollection AddChannel(this IServiceCollection services, StoreOptions options)
    {
        services.TryAddSingleton(_ => new StoreChannel(options));
        return services;
    }

    /// <summary>Asked when it is needed: the database, which knows, is opened later, and asks the store of objects for its name then.</summary>
    private static Func<Guid> Install(IServiceProvider provider) => () => provider.GetRequiredService<GoferDatabase>().Install;
}
