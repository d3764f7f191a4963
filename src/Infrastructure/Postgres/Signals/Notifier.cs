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

    /// <summary>How long a process that stops may take to send what it still has to say.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Channel<string> _channel = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _hurry = new();

    internal void Ready() => Send(Wakeups.ReadyChannel);

    internal void Changed() => Send(Wakeups.ChangedChannel);

    internal void Stop() => Send(Wakeups.StopChannel);

    internal void Timers() => Send(Wakeups.TimersChannel);

    /// <summary>
    /// Ends once everything is sent that was to be sent before: a worker that hands its tasks over and leaves says so, and with a long lease
    /// nobody else would hear of them for long.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _channel.Writer.TryComplete();
        _hurry.CancelAfter(Farewell);
        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _hurry.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _channel.Reader.WaitToReadAsync(_hurry.Token))
            {
                await SendAsync();
                await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (OperationCanceledException) when (_hurry.IsCancellationRequested)
        {
            // the host stops, and the database does not answer; receivers poll
        }
    }

    /// <summary>Sends what waits, one of each kind.</summary>
    private async Task SendAsync()
    {
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        while (_channel.Reader.TryRead(out var kind)) kinds.Add(kind);
        try
        {
            await using var command = source.CreateCommand("select pg_notify(c, '') from unnest($1) as c");
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. kinds] });
            await command.ExecuteNonQueryAsync(_hurry.Token);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            Log.NotSent(logger, e.Message);
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
