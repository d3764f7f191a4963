using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Audit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Api.Audit;

/// <summary>Seals the audit log every second. Every server does so, and any one of them is enough.</summary>
internal sealed partial class AuditSealing(AuditLog log, GoferDatabase database, ILogger<AuditSealing> logger) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pace, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!database.IsOpen) continue;
            try
            {
                await log.SealAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // the host stops; what is not sealed another server seals, or this one when it comes back
            }
#pragma warning disable CA1031 // whatever it is, the next pass tries again: entries wait where they are
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (DatabaseTrouble.IsAway(e)) Log.Away(logger, e.Message);
                else Log.Failed(logger, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The audit log is not sealed while the database is away: {Why}")]
        public static partial void Away(ILogger logger, string why);

        [LoggerMessage(Level = LogLevel.Error, Message = "Sealing the audit log failed; it is tried again in a second")]
        public static partial void Failed(ILogger logger, Exception e);
    }
}
