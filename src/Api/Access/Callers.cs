using System.Collections.Concurrent;
using System.Diagnostics;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Api.Access;

/// <summary>
/// Who callers are by the tokens that they show. What is known of a token is read again after two seconds, a task's own each time, and what is still open is
/// looked at every second, so that one which was revoked, disabled or changed, on whatever server, is of no use five seconds later.
/// </summary>
internal sealed partial class Callers(TokenDirectory directory, TimeProvider clock, ILogger<Callers> logger) : BackgroundService
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>How exactly the last use of a token is kept.</summary>
    private static readonly TimeSpan UseStep = TimeSpan.FromMinutes(1);

    /// <summary>How many tokens are read from the database at a time.</summary>
    private const int MostReads = 16;

    private readonly SemaphoreSlim _reads = new(MostReads);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Reading> _readings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Attendance, KnownToken> _open = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _noted = new(StringComparer.Ordinal);

    /// <summary>The token that somebody shows, if it is good.</summary>
    public async Task<Result<KnownToken>> FindAsync(TokenText shown, CancellationToken cancellationToken)
    {
        var known = await ReadAsync(shown.Id, shown.IsOfRun, cancellationToken);
        // Nobody learns by the time it takes how much of a token was right.
        if (known is null || !shown.Is(known.Hash))
        {
            return Refusal(shown.IsOfRun ? "The token is not known here: a task's own is good until its run ends." : "The token is not known here; it may have been revoked.");
        }

        var now = clock.GetUtcNow();
        if (known.Disabled) return Refusal($"The token {known.Id} is disabled. Whoever may write tokens enables it again.");
        if (!known.IsGood(now)) return Refusal($"The token {known.Id} has expired. Whoever may write tokens makes a new one.");
        if (!shown.IsOfRun) _uses[known.Id] = now;
        return known;
    }

    /// <summary>Until it is disposed of, a request is open; should its token lose what it allows, <paramref name="end"/> is called.</summary>
    public IDisposable Attend(KnownToken token, Action end)
    {
        var attendance = new Attendance(this, end);
        _open[attendance] = token;
        return attendance;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pace, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Forget();
            await TryAsync(EndWhatIsOverAsync, stoppingToken);
            await TryAsync(NoteUsesAsync, stoppingToken);
        }
    }

    /// <summary>The next pass does it again; a server that stops looking would let in whoever was let in once.</summary>
    private async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the host stops
        }
#pragma warning disable CA1031 // whatever it is, this loop goes on
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (DatabaseTrouble.IsAway(e)) Log.NotLooked(logger, e.Message);
            else Log.Failed(logger, e);
        }
    }

    private Task EndWhatIsOverAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // What is over by itself ends without a question, for which the database may be away.
        foreach (var (attendance, _) in _open.Where(o => !o.Value.IsGood(now))) attendance.End();
        var held = _open.Where(o => o.Key.Age >= Pace).ToLookup(o => (o.Value.Id, OfRun: o.Value.Caller.Run is not null));
        // Side by side: of many, one whose answer does not come must not hold up the others.
        return Parallel.ForEachAsync(held, new ParallelOptions { MaxDegreeOfParallelism = MostReads, CancellationToken = cancellationToken }, async (open, token) =>
        {
            var known = await ReadAsync(open.Key.Id, open.Key.OfRun, token);
            var good = known?.IsGood(now) is true;
            foreach (var (attendance, seen) in open)
            {
                if (!good || known!.Stamp != seen.Stamp) attendance.End();
            }
        });
    }

    /// <summary>What is known of a token: read now, or by somebody just before.</summary>
    private async Task<KnownToken?> ReadAsync(string id, bool ofRun, CancellationToken cancellationToken)
    {
        Reading? reading;
        lock (_gate)
        {
            if (!_readings.TryGetValue(id, out reading) || reading.Age >= Fresh || reading.HasFailed)
            {
                // One reads for all who ask meanwhile, so no one of them may end it.
                _readings[id] = reading = new Reading(() => FindAsync(id, ofRun));
            }
        }

        KnownToken? known = null;
        try
        {
            return known = await reading.Token.WaitAsync(cancellationToken);
        }
        finally
        {
            // What there is not would fill the memory; and a run's end is to be seen at once.
            if (known is null || ofRun) Forget(id, reading);
        }
    }

    /// <summary>A few at a time: whoever sends made-up tokens takes no more of the database's connections than that.</summary>
    private async Task<KnownToken?> FindAsync(string id, bool ofRun)
    {
        await _reads.WaitAsync();
        try
        {
            return await directory.FindAsync(id, ofRun, CancellationToken.None);
        }
        finally
        {
            _reads.Release();
        }
    }

    private void Forget(string id, Reading reading)
    {
        lock (_gate)
        {
            if (_readings.TryGetValue(id, out var present) && ReferenceEquals(present, reading)) _readings.Remove(id);
        }
    }

    private void Forget()
    {
        lock (_gate)
        {
            foreach (var (id, _) in _readings.Where(r => r.Value.Age >= UseStep).ToList()) _readings.Remove(id);
        }

        foreach (var (id, _) in _noted.Where(n => !_uses.ContainsKey(n.Key) && clock.GetUtcNow() - n.Value > UseStep).ToList()) _noted.Remove(id);
    }

    private async Task NoteUsesAsync(CancellationToken cancellationToken)
    {
        var due = _uses.Where(u => !_noted.TryGetValue(u.Key, out var noted) || u.Value - noted >= UseStep).ToDictionary(StringComparer.Ordinal);
        if (due.Count == 0) return;
        await directory.NoteUsesAsync(due, cancellationToken);
        foreach (var (id, at) in due)
        {
            _noted[id] = at;
            _uses.TryRemove(KeyValuePair.Create(id, at));
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _reads.Dispose();
        base.Dispose();
    }

    private static Error Refusal(string message) => new(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, message);

    private sealed class Reading(Func<Task<KnownToken?>> read)
    {
        private readonly long _began = Stopwatch.GetTimestamp();
        private readonly Lazy<Task<KnownToken?>> _token = new(read);

        /// <summary>Begins to read where nobody has yet; not to be asked for under the lock that everybody wants.</summary>
        public Task<KnownToken?> Token => _token.Value;

        public bool HasFailed => _token is { IsValueCreated: true, Value.IsFaulted: true };

        public TimeSpan Age => Stopwatch.GetElapsedTime(_began);
    }

    /// <summary>An open request, which is either over or ended, and never ended after it was over: its connection may be another one's by then.</summary>
    private sealed class Attendance(Callers callers, Action end) : IDisposable
    {
        private readonly long _began = Stopwatch.GetTimestamp();
        private readonly Lock _gate = new();
        private bool _over;

        public TimeSpan Age => Stopwatch.GetElapsedTime(_began);

        public void End()
        {
            lock (_gate)
            {
                if (_over) return;
                _over = true;
                end();
            }

            callers._open.TryRemove(this, out _);
        }

        public void Dispose()
        {
            lock (_gate) _over = true;
            callers._open.TryRemove(this, out _);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The tokens of what is open could not be looked at, or their use noted")]
        public static partial void Failed(ILogger logger, Exception e);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The tokens of what is open could not be looked at: {Reason}")]
        public static partial void NotLooked(ILogger logger, string reason);
    }
}
