using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>
/// The one connection of a process that listens. Where it cannot (a transaction-pooling proxy, the database away) everything still
/// works by polling; after each reconnect everybody is woken once, since notifications of the gap are lost.
/// </summary>
public sealed partial class Listener(NpgsqlDataSource source, Wakeups wakeups, ILogger<Listener> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromMilliseconds(200);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(stoppingToken);
                connection.Notification += (_, notification) => wakeups.Raise(notification.Channel);
                await using (var listen = new NpgsqlCommand(
                    $"listen {Wakeups.ReadyChannel}; listen {Wakeups.ChangedChannel}; listen {Wakeups.StopChannel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                }

                wakeups.RaiseAll();
                pause = TimeSpan.FromMilliseconds(200);
                while (true) await connection.WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException or IOException)
            {
                Log.Away(logger, e.Message);
                var jitter = 0.5 + Random.Shared.NextDouble();
                await Task.Delay(pause * jitter, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Not listening for wake-ups, polling instead: {Reason}")]
        public static partial void Away(ILogger logger, string reason);
    }
}
