using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>Renews the worker's lease three times in its length by one statement, whatever the worker holds, and learns what is due.</summary>
internal sealed class HeartbeatLoop(
    IWorkQueue queue, Sessions sessions, Horizon horizon, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<HeartbeatLoop> logger) : Loop(watch, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.Lease / 3;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (sessions.Current is not { } session) return;
        var sent = Stopwatch.GetTimestamp();
        // Until it is heard, nothing is known of what is due.
        Renewal? renewal = null;
        try
        {
            renewal = await queue.RenewAsync(session.Worker, options.Value.Lease, cancellationToken);
        }
        finally
        {
            if (renewal is null) horizon.Forget();
        }

        if (renewal is null)
        {
            await sessions.LoseAsync(session);
            return;
        }

        session.Renewed(sent);
        horizon.Learn(renewal);
    }
}
