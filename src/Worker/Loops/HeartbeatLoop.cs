using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>Renews the worker's lease three times in its length by one statement, whatever the worker holds, and reads the database's clock.</summary>
internal sealed class HeartbeatLoop(
    IWorkQueue queue, Sessions sessions, GoferDatabase database, IOptions<WorkerOptions> options, DatabaseWatch watch, ILogger<HeartbeatLoop> logger) : Loop(watch, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.Lease / 3;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (sessions.Current is not { } session) return;
        var sent = Stopwatch.GetTimestamp();
        if (await queue.RenewAsync(session.Worker, options.Value.Lease, cancellationToken))
        {
            session.Renewed(sent);
            await database.SynchroniseClockAsync(cancellationToken);
        }
        else
        {
            await sessions.LoseAsync(session);
        }
    }
}
