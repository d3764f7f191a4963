using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>
/// Sends NOTIFY after commits, never in them (inside one it would hold an instance-wide lock through the flush), without payload and at
/// most one of each kind every few milliseconds. A crash before it is sent costs its receivers one polling interval.
/// </summary>
public sealed partial class Notifier(NpgsqlDataSource source, Wakeups wakeups, ILogger<Notifier> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly Channel<string> _channel = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    internal void Ready() => Send(Wakeups.ReadyChannel);

    internal void Changed() => Send(Wakeups.ChangedChannel);

    internal void Stop() => Send(Wakeups.StopChannel);

    internal void Timers() => Send(Wakeups.TimersChannel);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _channel.Reader.WaitToReadAsync(stoppingToken))
            {
                var kinds = new HashSet<string>(StringComparer.Ordinal);
                while (_channel.Reader.TryRead(out var kind)) kinds.Add(kind);
                try
                {
                    await using var command = source.CreateCommand("select pg_notify(c, '') from unnest($1) as c");
                    command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. kinds] });
                    await command.ExecuteNonQueryAsync(stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException)
                {
                    Log.NotSent(logger, e.Message);
                }

                await Task.Delay(Pause, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the host stops; receivers poll
        }
    }

    private void Send(string channel)
    {
        wakeups.Raise(channel); // this process need not wait for its own notification
        _channel.Writer.TryWrite(channel);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "A wake-up was not sent, receivers poll instead: {Reason}")]
        public static partial void NotSent(ILogger logger, string reason);
    }
}
