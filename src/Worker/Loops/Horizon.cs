using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres.Signals;

namespace Gofer.Worker.Loops;

/// <summary>
/// When a worker has to look at something again, as its heartbeat tells: a sweep, the timers, the triggers, the notifications. So a worker that has nothing to do asks nothing
/// but its heartbeat, and one whose heartbeat fails goes on to look.
/// </summary>
internal sealed class Horizon(Wakeups wakeups)
{
    /// <summary>How long the timers are left alone where nobody can say that one was set.</summary>
    private static readonly TimeSpan s_unheard = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait: whoever waits longer looks like one that stands still.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    /// <summary>How soon a sweep comes again that left a dead worker to a transaction that holds its row.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _leaseEndsAt;
    private long _sweepWantedAt;
    private long _nextSweep;
    private long _timerAt;
    private long _timersSeen = -1;
    private long _triggerAt;
    private long _triggersSeen = -1;
    private long _notificationAt;
    private long _notificationsSeen = -1;
    private long _extensionAt;
    private long _extensionsSeen = -1;

    /// <summary>Takes in what a renewal said.</summary>
    public void Learn(Renewal renewal)
    {
        Plan(ref _leaseEndsAt, renewal.NextLeaseEnd);
        Plan(ref _sweepWantedAt, renewal.WantsSweep ? TimeSpan.Zero : null);
        Plan(ref _timerAt, renewal.NextTimer);
        // A heartbeat knows less of triggers than their loop, which also looks for the ends of runs that it is not told of: it only makes it look sooner.
        if (renewal.NextTrigger is { } due) PlanSooner(ref _triggerAt, due);
        if (renewal.WantsNotifications) PlanSooner(ref _notificationAt, TimeSpan.Zero);
        if (renewal.WantsExtensions) PlanSooner(ref _extensionAt, TimeSpan.Zero);
        if (renewal.IsReady) wakeups.RaiseReady();
    }

    /// <summary>Nothing was told: everything is to be looked at.</summary>
    public void Forget()
    {
        Plan(ref _sweepWantedAt, TimeSpan.Zero);
        Plan(ref _timerAt, TimeSpan.Zero);
        Plan(ref _triggerAt, TimeSpan.Zero);
        Plan(ref _notificationAt, TimeSpan.Zero);
        Plan(ref _extensionAt, TimeSpan.Zero);
    }

    /// <summary>Takes in how long it is until extensions are to be looked at again; null where somebody has to tell.</summary>
    public void NextExtension(TimeSpan? left) => Plan(ref _extensionAt, left);

    /// <summary>Takes in how long it is until there is something to do for notifications; null for nothing.</summary>
    public void NextNotification(TimeSpan? left) => Plan(ref _notificationAt, left);

    /// <summary>Takes in how long it is until there is something to do for triggers; null for nothing.</summary>
    public void NextTrigger(TimeSpan? left) => Plan(ref _triggerAt, left);

    /// <summary>Takes in how long it is until the next timer; null for none.</summary>
    public void NextTimer(TimeSpan? left) => Plan(ref _timerAt, left);

    /// <summary>A sweep left a dead worker, or did not come to its end.</summary>
    public void SweepAgain() => Plan(ref _leaseEndsAt, s_again);

    /// <summary>
    /// True when a lease ended, and where a sweep may find something else and the last one is <paramref name="pace"/> ago; false after some
    /// seconds in which neither was so.
    /// </summary>
    public async Task<bool> UntilSweepAsync(TimeSpan pace, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (LeftToSweep(pace, out var changed) is var left && left > TimeSpan.Zero)
        {
            if (Rest(began, s_longest) is not { } rest) return false;
            await EitherAsync(changed, left < rest ? left : rest, cancellationToken);
        }

        return true;
    }

    /// <summary>True when a timer is due or was set, or where nobody could say so; false after some seconds in which there was none.</summary>
    public async Task<bool> UntilTimerAsync(CancellationToken cancellationToken)
    {
        if (!await UntilAsync(() => _timersSeen, () => Left(ref _timerAt, out var changed) is var left ? (left, changed) : default, cancellationToken)) return false;
        _timersSeen = wakeups.TimersMark;
        return true;
    }

    /// <summary>The same for triggers, of which something is told in the same way.</summary>
    public async Task<bool> UntilTriggerAsync(CancellationToken cancellationToken)
    {
        if (!await UntilAsync(() => _triggersSeen, () => Left(ref _triggerAt, out var changed) is var left ? (left, changed) : default, cancellationToken)) return false;
        _triggersSeen = wakeups.TimersMark;
        return true;
    }

    /// <summary>The same for notifications.</summary>
    public async Task<bool> UntilNotificationAsync(CancellationToken cancellationToken)
    {
        if (!await UntilAsync(() => _notificationsSeen, () => Left(ref _notificationAt, out var changed) is var left ? (left, changed) : default, cancellationToken)) return false;
        _notificationsSeen = wakeups.TimersMark;
        return true;
    }

    /// <summary>The same for extensions.</summary>
    public async Task<bool> UntilExtensionAsync(CancellationToken cancellationToken)
    {
        if (!await UntilAsync(() => _extensionsSeen, () => Left(ref _extensionAt, out var changed) is var left ? (left, changed) : default, cancellationToken)) return false;
        _extensionsSeen = wakeups.TimersMark;
        return true;
    }

    private async Task<bool> UntilAsync(Func<long> seen, Func<(TimeSpan Left, Task Changed)> look, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (wakeups.TimersMark == seen() && look() is var (left, changed) && left > TimeSpan.Zero)
        {
            // Where nobody can say that a timer was set, one is looked for.
            if (Rest(began, wakeups.Hears ? s_longest : s_unheard) is not { } rest) return !wakeups.Hears;
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var set = wakeups.WaitForTimersAsync(seen(), left < rest ? left : rest, over.Token);
            await EitherAsync(Task.WhenAny(set, changed), left < rest ? left : rest, cancellationToken);
            await over.CancelAsync();
            await set.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }

    private static TimeSpan? Rest(long began, TimeSpan longest)
    {
        var rest = longest - Stopwatch.GetElapsedTime(began);
        return rest > TimeSpan.Zero ? rest : null;
    }

    private static async Task EitherAsync(Task something, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(something, Task.Delay(atMost, over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>How long it is until the next sweep; where it is now, the end of the lease that it sees to is not waited for again.</summary>
    private TimeSpan LeftToSweep(TimeSpan pace, out Task changed)
    {
        lock (_gate)
        {
            changed = _changed.Task;
            var now = Stopwatch.GetTimestamp();
            var left = Stopwatch.GetElapsedTime(now, Math.Min(_leaseEndsAt, Math.Max(_sweepWantedAt, _nextSweep)));
            if (left > TimeSpan.Zero) return left;
            if (Stopwatch.GetElapsedTime(now, _leaseEndsAt) <= TimeSpan.Zero) _leaseEndsAt = long.MaxValue;
            _nextSweep = In(now, pace);
            return left;
        }
    }

    private TimeSpan Left(ref long at, out Task changed)
    {
        lock (_gate)
        {
            changed = _changed.Task;
            return Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at);
        }
    }

    private static long In(long now, TimeSpan span) => now + (long)(span.TotalSeconds * Stopwatch.Frequency);

    private void PlanSooner(ref long at, TimeSpan left)
    {
        lock (_gate)
        {
            if (In(Stopwatch.GetTimestamp(), left) >= at) return;
        }

        Plan(ref at, left);
    }

    private void Plan(ref long at, TimeSpan? left)
    {
        TaskCompletionSource? earlier = null;
        lock (_gate)
        {
            var planned = left is { } some ? In(Stopwatch.GetTimestamp(), some) : long.MaxValue;
            if (planned < at) (earlier, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
            at = planned;
        }

        earlier?.SetResult();
    }
}
