using System.Diagnostics;
using System.Security.Cryptography;
using Gofer.Application.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>
/// The one connection of a process that listens. It first notifies itself: behind a transaction-pooling proxy LISTEN succeeds and
/// nothing is ever heard, which is then said once, and everything still works by polling. After each reconnect everybody is woken once,
/// since notifications of the gap are lost.
/// </summary>
public sealed partial class Listener(
    NpgsqlDataSource source, OwnConnections connections, DatabaseWatch database, Wakeups wakeups, ILogger<Listener> logger) : BackgroundService, IReadiness
{
    /// <summary>How long its own notification may take before it counts as one that does not come.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long it polls before it tries again whether notifications come.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);

    private volatile bool _deaf;

    /// <inheritdoc/>
    public string Name => "notifications";

    /// <inheritdoc/>
    public string Detail => _deaf ? "they do not arrive; polling" : "ok";

    /// <inheritdoc/>
    public string? Complaint() => null; // slower, not broken

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await database.HereAsync(stoppingToken);
                await ListenAsync(() => failures = 0, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException or IOException or System.Net.Sockets.SocketException)
            {
                Log.Cut(logger, e.Message);
                if (await JudgeAsync(stoppingToken)) await Task.Delay(Backoff.Pause(++failures), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> JudgeAsync(CancellationToken stoppingToken)
    {
        try
        {
            return await database.JudgeAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Listens until the connection is cut, which throws; returns where nothing was heard for long enough to try it anew.</summary>
    private async Task ListenAsync(Action heard, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(cancellationToken);
        var own = $"gofer_probe_{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var heardOwn = false;
        connection.Notification += (_, notification) =>
        {
            if (notification.Channel == own) heardOwn = true;
            else wakeups.Raise(notification.Channel);
        };
        try
        {
            await using var listen = new NpgsqlCommand(
                $"listen {Wakeups.ReadyChannel}; listen {Wakeups.ChangedChannel}; listen {Wakeups.StopChannel}; listen {Wakeups.TimersChannel}; listen {own}", connection);
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException refused) when (!DatabaseTrouble.IsAway(refused))
        {
            Hear(refused.MessageText);
            await Task.Delay(AskAgain, cancellationToken);
            return;
        }

        wakeups.RaiseAll();
        // Over another connection: a proxy might give this one the very server connection that listens.
        await using (var notify = source.CreateCommand("select pg_notify($1, '')"))
        {
            notify.Parameters.Add(new NpgsqlParameter<string> { TypedValue = own });
            await notify.ExecuteNonQueryAsync(cancellationToken);
        }

        var clock = Stopwatch.StartNew();
        while (!heardOwn)
        {
            var left = (_deaf ? AskAgain : Patience) - clock.Elapsed;
            if (left > TimeSpan.Zero && await connection.WaitAsync(left, cancellationToken)) continue;
            if (clock.Elapsed >= AskAgain) return;
            Hear("one that this process sent to itself did not come; a proxy that pools transactions is one reason");
        }

        heard();
        Hear(null);
        try
        {
            wakeups.Hears = true;
            while (true) await connection.WaitAsync(cancellationToken);
        }
        finally
        {
            wakeups.Hears = false;
        }
    }

    private void Hear(string? deaf)
    {
        if (deaf is not null && !_deaf) Log.Deaf(logger, deaf);
        if (deaf is null && _deaf) Log.Hears(logger);
        _deaf = deaf is not null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Not listening for wake-ups, polling instead: {Reason}")]
        public static partial void Cut(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The database's notifications do not arrive; everything works by polling, later by up to its intervals: {Reason}")]
        public static partial void Deaf(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The database's notifications arrive")]
        public static partial void Hears(ILogger logger);
    }
}
