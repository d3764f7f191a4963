using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>
/// Takes over from workers that died and admits waiting runs; every worker sweeps, none leads. At its pace while there is anything to sweep,
/// and the moment a lease ends that was not renewed.
/// </summary>
internal sealed partial class SweepLoop(
    IWorkQueue queue, Horizon horizon, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<SweepLoop> logger) : Loop(watch, logger)
{
    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilSweepAsync(options.Value.Sweep, cancellationToken)) return;
        var swept = new Swept(0, LeavesDead: true);
        try
        {
            swept = await queue.SweepAsync(options.Value.LostAfter, options.Value.PoisonLimit, cancellationToken);
        }
        finally
        {
            if (swept.LeavesDead) horizon.SweepAgain();
        }

        if (swept.Moved > 0) Log.Moved(logger, swept.Moved);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A sweep moved {Count} tasks and runs on")]
        public static partial void Moved(ILogger logger, int count);
    }
}
