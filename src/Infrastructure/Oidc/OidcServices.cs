using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Oidc;

/// <summary>The identity provider.</summary>
public static class OidcServices
{
    /// <summary>The one that the settings name, if they name one.</summary>
    public static IServiceCollection AddGoferOidc(this IServiceCollection services)
    {
        services.AddOptions<OidcOptions>().BindConfiguration(OidcOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OidcOptions>, OidcOptionsValidator>();
        return services.AddSingleton<IdentityProvider>();
    }
}
