using System.Diagnostics;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Signals;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Whether the database is there, as one state of the process that only its own looks change: whoever meets trouble reports it and is
/// told whether the database is away or only their connection was cut. Each change is logged once, however many wait for it. A
/// database that was never open yet is opened when it comes; one that does not fit, or does not let this program in, ends the process.
/// </summary>
public sealed partial class DatabaseWatch(
    GoferDatabase database, OwnConnections connections, IHostApplicationLifetime lifetime, ILogger<DatabaseWatch> logger) : BackgroundService, IStoreWatch
{
    /// <summary>How long one look takes at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks at a database that is there, however many report trouble.</summary>
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Pulse _nudge = new();
    private readonly Pulse _back = new();
    private long _looked;
    private volatile string? _trouble;

    /// <summary>Whether it is open, and was there at the last look.</summary>
    public bool IsHere => database.IsOpen && _trouble is null;

    /// <summary>Why the database, once it came, ended the process; null where it did not.</summary>
    public Error? Failure { get; private set; }

    /// <summary>
    /// Opens the database where it is there; where it is away, says so and is done, and the watch opens it later. The error is what
    /// waiting does not mend.
    /// </summary>
    public async Task<Result> OpenAsync(CancellationToken cancellationToken) =>
        await LookAsync(null, cancellationToken) is { } error ? error : Result.Ok;

    /// <inheritdoc/>
    public bool IsTrouble(Exception e) => e is NpgsqlException or TimeoutException;

    /// <inheritdoc/>
    public bool IsAway(Exception e) => DatabaseTrouble.IsAway(e);

    /// <inheritdoc/>
    public async Task HereAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var mark = _back.Mark;
            if (IsHere) return;
            await _back.WaitAsync(mark, Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }

    /// <summary>Somebody met trouble with the database and need not know what it was.</summary>
    public void Suspect()
    {
        if (IsHere) _nudge.Raise();
    }

    /// <inheritdoc/>
    public async Task<bool> JudgeAsync(CancellationToken cancellationToken)
    {
        if (IsHere) await LookAsync(Stopwatch.GetTimestamp(), cancellationToken);
        return IsHere;
    }

    /// <summary>Null where the database is fit for work now; else, in words, what is wrong.</summary>
    public async Task<string?> ComplaintAsync(CancellationToken cancellationToken)
    {
        if (!database.IsOpen) return _trouble is { } trouble ? NoAnswer(trouble) : "The database is not open yet.";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var complaint = await database.ComplaintAsync(limit.Token);
            if (!IsHere) _nudge.Raise(); // it is back, and the watch does not know it yet
            return complaint;
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            Suspect();
            return NoAnswer(Reason(e));
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var (mark, failures) = (_nudge.Mark, 0);
        try
        {
            while (true)
            {
                if (IsHere) await _nudge.WaitAsync(mark, Timeout.InfiniteTimeSpan, stoppingToken);
                else if (_trouble is not null) await _nudge.WaitAsync(mark, Backoff.Pause(failures + 1), stoppingToken);
                mark = _nudge.Mark;
                if (await LookAsync(null, stoppingToken) is { } error)
                {
                    Failure = error;
                    lifetime.StopApplication();
                    return;
                }

                failures = IsHere ? 0 : failures + 1;
                if (IsHere) await Task.Delay(Floor, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the host stops
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _gate.Dispose();
    }

    private static string NoAnswer(string reason) => $"The database does not answer: {reason}";

    private static string Reason(Exception e) => e is OperationCanceledException ? $"nothing came within {Patience.TotalSeconds} s" : DatabaseTrouble.Reason(e);

    /// <summary>A cancellation that the caller did not ask for is the look's own limit.</summary>
    private static bool IsTrouble(Exception e, CancellationToken cancellationToken) => e is OperationCanceledException
        ? !cancellationToken.IsCancellationRequested
        : DatabaseTrouble.IsAway(e) || DatabaseTrouble.IsRefusal(e);

    /// <summary>One look, after which the state is true; none where somebody else's began after <paramref name="unlessSince"/>.</summary>
    private async Task<Error?> LookAsync(long? unlessSince, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_looked > unlessSince) return null;
            var began = Stopwatch.GetTimestamp();
            string? trouble = null;
            try
            {
                await ReachAsync(cancellationToken);
                if (!database.IsOpen)
                {
                    var opened = await database.OpenAsync(migrate: false, cancellationToken);
                    if (!opened.IsOk) return opened.Error;
                }
            }
            catch (Exception e) when (!database.IsOpen && DatabaseTrouble.IsLasting(e))
            {
                // Somebody has to change a setting or a grant: ending is how they get to know.
                return new Error(
                    ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
                    $"The database at {connections.Place} does not let this program work: {DatabaseTrouble.Reason(e).TrimEnd('.')}. Waiting would not help. {connections.Cure(e)}");
            }
            catch (Exception e) when (IsTrouble(e, cancellationToken))
            {
                trouble = Reason(e);
            }

            Set(trouble);
            _looked = began;
            return null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ReachAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await using var connection = await connections.OpenAsync(limit.Token);
        await using var command = connection.CreateCommand();
        command.CommandText = "select 1";
        await command.ExecuteScalarAsync(limit.Token);
    }

    private void Set(string? trouble)
    {
        var before = _trouble;
        _trouble = trouble;
        if (trouble is null)
        {
            if (before is not null) Log.Back(logger, connections.Place);
            _back.Raise();
        }
        else if (before is null)
        {
            Log.Away(logger, connections.Place, trouble);
            _nudge.Raise();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database at {Place} does not answer; waiting for it: {Reason}")]
        public static partial void Away(ILogger logger, string place, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The database at {Place} is there now")]
        public static partial void Back(ILogger logger, string place);
    }
}
