using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>
/// Takes over from workers that died and admits waiting runs; every worker sweeps, none leads. Again and again while there is anything to sweep,
/// and when a lease ends that was not renewed.
/// </summary>
internal sealed partial class SweepLoop(
    IWorkQueue queue, Horizon horizon, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<SweepLoop> logger) : Loop(watch, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.Sweep;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilSweepAsync(cancellationToken)) return;
        var moved = await queue.SweepAsync(options.Value.LostAfter, options.Value.PoisonLimit, cancellationToken);
        if (moved > 0) Log.Moved(logger, moved);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A sweep moved {Count} tasks and runs on")]
        public static partial void Moved(ILogger logger, int count);
    }
}
