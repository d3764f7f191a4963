using System.Globalization;
using Gofer.Application.Common;
using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Worker.Loops;

/// <summary>
/// One pass, again and again, whatever it throws: an error is a pause that grows to ten seconds, never an end. Says so once when it
/// begins to fail and once when it works again, and knows when it last worked. That the database is away is not for a loop to say: it
/// waits for it, as all of them do.
/// </summary>
public abstract partial class Loop(DatabaseWatch database, ILogger logger) : BackgroundService, IReadiness
{
    /// <summary>How long a loop may fail, beyond its own pauses, before the process is not ready any more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private long _lastSuccess = System.Diagnostics.Stopwatch.GetTimestamp();
    private volatile bool _worked;

    /// <inheritdoc/>
    public string Name => GetType().Name;

    /// <summary>How long ago a pass ended well.</summary>
    public TimeSpan Age => System.Diagnostics.Stopwatch.GetElapsedTime(Volatile.Read(ref _lastSuccess));

    /// <inheritdoc/>
    public string Detail => _worked ? string.Create(CultureInfo.InvariantCulture, $"ok, {Age.TotalSeconds:0.0} s ago") : "has not worked yet";

    /// <summary>The pause between passes; a loop that waits inside its pass has none.</summary>
    protected virtual TimeSpan Pause => TimeSpan.Zero;

    /// <inheritdoc/>
    public string? Complaint() => Age > Patience + (3 * Pause)
        ? string.Create(CultureInfo.InvariantCulture, $"has not worked for {Age.TotalSeconds:0} s")
        : null;

    /// <summary>One pass.</summary>
    public abstract Task RunOnceAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var (failures, said) = (0, false);
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                await database.HereAsync(stoppingToken);
                await RunOnceAsync(stoppingToken);
                Volatile.Write(ref _lastSuccess, System.Diagnostics.Stopwatch.GetTimestamp());
                _worked = true;
                if (said) Log.Recovered(logger, Name, failures);
                (failures, said) = (0, false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // The loop is the last to hear of any error: whatever it is, it is logged and the next pass tries again.
#pragma warning disable CA1031
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures++;
                if (await IsOwnAsync(e, failures, stoppingToken) && !said)
                {
                    Say(e);
                    said = true;
                }

                pause = Backoff(failures);
            }

            if (pause > TimeSpan.Zero) await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The pause after that many failures in a row.</summary>
    internal static TimeSpan Backoff(int failures) => Application.Common.Backoff.Pause(failures);

    /// <summary>
    /// Whether the error is this loop's to say: not that the database is away, and not the first time that only its connection was cut.
    /// </summary>
    private async Task<bool> IsOwnAsync(Exception e, int failures, CancellationToken stoppingToken)
    {
        if (!DatabaseTrouble.IsAway(e) && !DatabaseTrouble.IsRefusal(e)) return true;
        try
        {
            return await database.JudgeAsync(stoppingToken) && failures > 1;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Say(Exception e)
    {
        if (e is NpgsqlException or TimeoutException or SchedulerUnavailableException) Log.Away(logger, Name, e.Message);
        else Log.Failed(logger, e, Name);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Loop} cannot work now and tries again: {Reason}")]
        public static partial void Away(ILogger logger, string loop, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Loop} failed and tries again")]
        public static partial void Failed(ILogger logger, Exception e, string loop);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Loop} works again after {Failures} failed passes")]
        public static partial void Recovered(ILogger logger, string loop, int failures);
    }
}
