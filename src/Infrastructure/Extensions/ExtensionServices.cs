using Gofer.Application.Extensions;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Infrastructure.Extensions;

/// <summary>The way to extensions, for a host that has workers.</summary>
public static class ExtensionServices
{
    /// <summary>What dials them.</summary>
    public static IServiceCollection AddGoferExtensions(this IServiceCollection services) => services.AddSingleton<IExtensionDialer, ExtensionDialer>();
}
