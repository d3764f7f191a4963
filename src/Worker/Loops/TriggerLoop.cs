using Gofer.Application.Triggers;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Loops;

/// <summary>Fires what is due by the clock and decides what becomes of events of triggers; any worker may, none leads.</summary>
internal sealed class TriggerLoop(ITriggerQueue triggers, Horizon horizon, DatabaseWatch database, ILogger<TriggerLoop> logger) : Loop(database, logger)
{
    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilTriggerAsync(cancellationToken)) return;
        horizon.NextTrigger(await triggers.PassAsync(cancellationToken));
    }
}
