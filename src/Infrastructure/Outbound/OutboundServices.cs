using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Outbound;

/// <summary>What may be called for users; section <c>Gofer:Outbound</c>.</summary>
public sealed class OutboundOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Outbound";

    /// <summary>Hosts and networks beside the public internet, as <see cref="AllowedHosts.Parse"/> reads them.</summary>
    public string Allow { get; set; } = "";
}

/// <summary>Refuses to start on a value that cannot work.</summary>
internal sealed class OutboundOptionsValidator : IValidateOptions<OutboundOptions>
{
    public ValidateOptionsResult Validate(string? name, OutboundOptions options) =>
        AllowedHosts.Parse(options.Allow) is { IsOk: false } wrong ? ValidateOptionsResult.Fail($"outbound.allow {wrong.Error.Message}") : ValidateOptionsResult.Success;
}

/// <summary>Calls to what users name.</summary>
public static class OutboundServices
{
    /// <summary>Adds <see cref="OutboundHttp"/>.</summary>
    public static IServiceCollection AddGoferOutbound(this IServiceCollection services)
    {
        services.AddOptions<OutboundOptions>().BindConfiguration(OutboundOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OutboundOptions>, OutboundOptionsValidator>();
        return services.AddSingleton(provider => new OutboundHttp(AllowedHosts.Parse(provider.GetRequiredService<IOptions<OutboundOptions>>().Value.Allow).Value));
    }
}
