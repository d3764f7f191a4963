using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Oidc;
using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Api.Access;

/// <summary>
/// Who callers are by the tokens that they show. What is known of a token is read again after two seconds, a task's own each time, and what is still open is
/// looked at every second, so that one which was revoked, disabled or changed, on whatever server, is of no use five seconds later. The same holds for what
/// roles give to whom the identity provider vouches for; its tokens themselves are judged at each request.
/// </summary>
internal sealed partial class Callers(TokenDirectory directory, IdentityProvider provider, TimeProvider clock, ILogger<Callers> logger) : BackgroundService
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

    /// <summary>Who shows that, if it is good.</summary>
    public Task<Result<KnownToken>> FindAsync(Credential shown, CancellationToken cancellationToken) => shown switch
    {
        Credential.Own own => OwnAsync(own.Text, cancellationToken),
        Credential.Signed signed => SignedAsync(signed, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(shown)),
    };

    /// <summary>Whether it was good when it was last looked at, not long ago.</summary>
    public bool IsFamiliar(Credential shown)
    {
        Reading? reading;
        lock (_gate) _readings.TryGetValue(shown.Key, out reading);
        return reading?.Known is { } known && known.IsGood(clock.GetUtcNow()) && (shown is not Credential.Own own || own.Text.Is(known.Hash));
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

    private async Task<Result<KnownToken>> OwnAsync(TokenText shown, CancellationToken cancellationToken)
    {
        var known = await ReadAsync(shown.Id, () => directory.FindAsync(shown.Id, shown.IsOfRun, CancellationToken.None), shown.IsOfRun, cancellationToken);
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

    private async Task<Result<KnownToken>> SignedAsync(Credential.Signed shown, CancellationToken cancellationToken)
    {
        var verified = await provider.VerifyAsync(shown.Text, cancellationToken);
        return verified.IsOk
            ? (await ReadAsync(shown.Key, async () => await directory.FindAsync(verified.Value, shown.Key, CancellationToken.None), ofRun: false, cancellationToken))!
            : verified.Error;
    }

    private async Task EndWhatIsOverAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // What is over by itself ends without a question, for which the database may be away.
        foreach (var (attendance, _) in _open.Where(o => !o.Value.IsGood(now))) attendance.End();
        var held = _open.Where(o => o.Key.Age >= Pace).ToLookup(o => o.Value.Id, StringComparer.Ordinal);
        var failures = new ConcurrentQueue<Exception>();
        // Side by side, and each for itself: of many, one whose answer does not come, or fails, must not hold up the others.
        await Parallel.ForEachAsync(held, new ParallelOptions { MaxDegreeOfParallelism = MostReads, CancellationToken = cancellationToken }, async (open, token) =>
        {
            try
            {
                await EndWhereOverAsync([.. open], now, token);
            }
            catch (Exception e) when (!token.IsCancellationRequested)
            {
                failures.Enqueue(e);
            }
        });
        if (failures.TryPeek(out var first)) ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>Ends what is open with one token, where that allows something else by now.</summary>
    private async Task EndWhereOverAsync(IReadOnlyList<KeyValuePair<Attendance, KnownToken>> open, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var seen = open[0].Value;
        var ofRun = seen.Caller.Run is not null;
        var known = await ReadAsync(
            seen.Id,
            async () => seen.Caller.Identity is { } identity ? await directory.FindAsync(identity, seen.Id, CancellationToken.None) : await directory.FindAsync(seen.Id, ofRun, CancellationToken.None),
            ofRun, cancellationToken);
        foreach (var (attendance, then) in open)
        {
            if (known?.IsGood(now) is not true || known.Stamp != then.Stamp) attendance.End();
        }
    }

    /// <summary>What is known of a token: read now, or by somebody just before.</summary>
    private async Task<KnownToken?> ReadAsync(string id, Func<Task<KnownToken?>> read, bool ofRun, CancellationToken cancellationToken)
    {
        Reading? reading;
        lock (_gate)
        {
            if (!_readings.TryGetValue(id, out reading) || reading.Age >= Fresh || reading.HasFailed)
            {
                // One reads for all who ask meanwhile, so no one of them may end it.
                _readings[id] = reading = new Reading(() => InTurnAsync(read));
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
    private async Task<KnownToken?> InTurnAsync(Func<Task<KnownToken?>> read)
    {
        await _reads.WaitAsync();
        try
        {
            return await read();
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

        /// <summary>What was read; null where nothing was, or not yet.</summary>
        public KnownToken? Known => _token is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } read } ? read.Result : null;

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
