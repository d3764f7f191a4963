using Gofer.Application.Notifications;
using Gofer.Infrastructure.Outbound;
using Gofer.Infrastructure.Postgres.Notifications;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Notifications;

/// <summary>The sending of notifications.</summary>
public static class NotificationServices
{
    /// <summary>
    /// Adds <see cref="NotificationSender"/> and <see cref="INotificationQueue"/> to a host that has <see cref="OutboundServices.AddGoferOutbound"/>, the database and a
    /// store of secrets.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="version">This program's, which targets are told.</param>
    /// <param name="publicUrl">Where the API is reached, for the links of what is told; null for none.</param>
    public static IServiceCollection AddGoferNotifications(this IServiceCollection services, string version, string? publicUrl = null)
    {
        services.AddSingleton(provider => new NotificationSender(
            AllowedHosts.Parse(provider.GetRequiredService<IOptions<OutboundOptions>>().Value.Allow).Value, version, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TargetLimiter>();
        services.AddSingleton(new PublicAddress(publicUrl));
        services.AddSingleton<DeliveryMaking>();
        services.AddSingleton<DeliverySending>();
        services.AddSingleton<NotificationQueue>();
        return services.AddSingleton<INotificationQueue>(provider => provider.GetRequiredService<NotificationQueue>());
    }
}
