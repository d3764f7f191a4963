using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Bench.Profile;

/// <summary>Puts something of the bench before a service of the engine.</summary>
internal static class Decoration
{
    /// <summary>Whoever asks for the service gets what <paramref name="wrap"/> makes of it.</summary>
    public static void Decorate<TService>(this IServiceCollection services, Func<TService, TService> wrap)
        where TService : class
    {
        var inner = services.Last(s => s.ServiceType == typeof(TService));
        services.AddSingleton(provider => wrap((TService)ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!)));
    }
}
