using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Loops;

/// <summary>Starts what waits for a time when that comes: the next attempt of a task, the end of a run's patience.</summary>
internal sealed class TimerLoop(IWorkQueue queue, Horizon horizon, DatabaseWatch database, ILogger<TimerLoop> logger) : Loop(database, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilTimerAsync(cancellationToken)) return;
        var (fired, next) = await queue.FireTimersAsync(cancellationToken);
        horizon.NextTimer(fired > 0 ? TimeSpan.Zero : next);
    }
}
