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
/// Who callers are by the tokens that they show. What is known of a token is read again after two seconds, and what is still open is looked at every
/// second, so that one which was revoked, disabled or changed, on whatever server, is of no use five seconds later.
/// </summary>
internal sealed partial class Callers(TokenDirectory directory, TimeProvider clock, ILogger<Callers> logger) : BackgroundService
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>How exactly the last use of a token is kept.</summary>
    private static readonly TimeSpan UseStep = TimeSpan.FromMinutes(1);

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
            try
            {
                await EndWhatIsOverAsync(stoppingToken);
                Forget();
                await NoteUsesAsync(stoppingToken);
            }
            catch (Exception e) when (DatabaseTrouble.IsAway(e) || DatabaseTrouble.IsRefusal(e))
            {
                Log.NotLooked(logger, e.Message); // what is open can read nothing either; the next pass looks again
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task EndWhatIsOverAsync(CancellationToken cancellationToken)
    {
        foreach (var held in _open.Where(o => o.Key.Age >= Pace).ToLookup(o => (o.Value.Id, OfRun: o.Value.Caller.Run is not null)))
        {
            var known = await ReadAsync(held.Key.Id, held.Key.OfRun, cancellationToken);
            var good = known?.IsGood(clock.GetUtcNow()) is true;
            foreach (var (attendance, token) in held)
            {
                if (!good || known!.Stamp != token.Stamp) attendance.End();
            }
        }
    }

    /// <summary>What is known of a token: read now, or by somebody just before.</summary>
    private async Task<KnownToken?> ReadAsync(string id, bool ofRun, CancellationToken cancellationToken)
    {
        Reading reading;
        lock (_gate)
        {
            if (!_readings.TryGetValue(id, out reading!) || reading.Age >= Fresh || reading.Token.IsFaulted)
            {
                // One reads for all who ask meanwhile, so no one of them may end it.
                _readings[id] = reading = new Reading(directory.FindAsync(id, ofRun, CancellationToken.None));
            }
        }

        var known = await reading.Token.WaitAsync(cancellationToken);
        // What there is not would fill the memory; and a run's end is to be seen at once.
        if (known is null || ofRun) Forget(id, reading);
        return known;
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
            foreach (var (id, reading) in _readings.Where(r => r.Value.Age >= UseStep).ToList()) _readings.Remove(id);
        }
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

    private static Error Refusal(string message) => new(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, message);

    private sealed class Reading(Task<KnownToken?> token)
    {
        private readonly long _began = Stopwatch.GetTimestamp();

        public Task<KnownToken?> Token => token;

        public TimeSpan Age => Stopwatch.GetElapsedTime(_began);
    }

    private sealed class Attendance(Callers callers, Action end) : IDisposable
    {
        private readonly long _began = Stopwatch.GetTimestamp();

        public TimeSpan Age => Stopwatch.GetElapsedTime(_began);

        public void End()
        {
            if (callers._open.TryRemove(this, out _)) end();
        }

        public void Dispose() => callers._open.TryRemove(this, out _);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The tokens of what is open could not be looked at: {Reason}")]
        public static partial void NotLooked(ILogger logger, string reason);
    }
}
