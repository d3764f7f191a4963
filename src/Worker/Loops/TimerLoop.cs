using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Loops;

/// <summary>Starts what waits for a time when that comes: the next attempt of a task, the end of a run's patience.</summary>
internal sealed class TimerLoop(IWorkQueue queue, DatabaseWatch database, ILogger<TimerLoop> logger) : Loop(database, logger)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(20);

    private TimeSpan _pause = s_longest;

    /// <inheritdoc/>
    protected override TimeSpan Pause => _pause;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var (fired, next) = await queue.FireTimersAsync(cancellationToken);
        // Timers that another process sets meanwhile are seen within the longest pause.
        var pause = fired > 0 ? s_shortest : next ?? s_longest;
        _pause = pause < s_shortest ? s_shortest : pause > s_longest ? s_longest : pause;
    }
}
