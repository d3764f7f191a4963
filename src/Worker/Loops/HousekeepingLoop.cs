using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>Once a minute: partitions ahead, expired idempotency keys, secrets of what is gone, ended containers whose retention is over.</summary>
internal sealed class HousekeepingLoop(
    Housekeeping housekeeping, IScheduler scheduler, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<HousekeepingLoop> logger) : Loop(watch, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await housekeeping.RunAsync(cancellationToken);
        await scheduler.CollectAsync(options.Value.ContainerRetention, cancellationToken);
    }
}
