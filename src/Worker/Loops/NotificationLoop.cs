using Gofer.Application.Notifications;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Loops;

/// <summary>Tells who asked of how runs ended and which take long; any worker may, none leads.</summary>
internal sealed class NotificationLoop(INotificationQueue notifications, Horizon horizon, DatabaseWatch database, ILogger<NotificationLoop> logger) : Loop(database, logger)
{
    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilNotificationAsync(cancellationToken)) return;
        horizon.NextNotification(await notifications.PassAsync(cancellationToken));
    }
}
