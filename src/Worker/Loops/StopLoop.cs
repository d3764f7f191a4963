using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>Learns which of the worker's tasks somebody asked to stop: at once when woken, else with each third of the lease.</summary>
internal sealed class StopLoop(
    IWorkQueue queue, Sessions sessions, Wakeups wakeups, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<StopLoop> logger) : Loop(watch, logger)
{
    private long _mark;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await wakeups.WaitForStopAsync(_mark, options.Value.Lease / 3, cancellationToken);
        _mark = wakeups.StopMark;
        if (sessions.Current is not { Held: > 0 } session) return;
        foreach (var stop in await queue.StopsAsync(session.Worker, session.Tasks, cancellationToken)) session.Find(stop)?.Stop();
    }
}
