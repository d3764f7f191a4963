using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres.Signals;

namespace Gofer.Worker.Loops;

/// <summary>
/// When a worker has to look at something again, as its heartbeat tells: a sweep, the timers. So a worker that has nothing to do asks nothing
/// but its heartbeat, and one whose heartbeat fails goes on to look.
/// </summary>
internal sealed class Horizon(Wakeups wakeups)
{
    /// <summary>How long the timers are left alone where nobody can say that one was set.</summary>
    private static readonly TimeSpan s_unheard = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait; a plan that far is asked for again.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sweepAt;
    private long _timerAt;
    private long _timersSeen = -1;

    /// <summary>Takes in what a renewal said.</summary>
    public void Learn(Renewal renewal)
    {
        Plan(ref _sweepAt, renewal.WantsSweep ? TimeSpan.Zero : renewal.NextLeaseEnd);
        Plan(ref _timerAt, renewal.NextTimer);
        if (renewal.IsReady) wakeups.RaiseReady();
    }

    /// <summary>Nothing was told: everything is to be looked at.</summary>
    public void Forget()
    {
        Plan(ref _sweepAt, TimeSpan.Zero);
        Plan(ref _timerAt, TimeSpan.Zero);
    }

    /// <summary>Takes in how long it is until the next timer; null for none.</summary>
    public void NextTimer(TimeSpan? left) => Plan(ref _timerAt, left);

    /// <summary>Returns when a sweep may find something.</summary>
    public async Task UntilSweepAsync(CancellationToken cancellationToken)
    {
        while (Left(ref _sweepAt, out var changed) is { } left && left > TimeSpan.Zero) await WaitAsync(changed, left, cancellationToken);
    }

    /// <summary>Returns when a timer is due or was set.</summary>
    public async Task UntilTimerAsync(CancellationToken cancellationToken)
    {
        while (wakeups.TimersMark == _timersSeen && Left(ref _timerAt, out var changed) is { } left && left > TimeSpan.Zero)
        {
            if (!wakeups.Hears && left > s_unheard) left = s_unheard;
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var set = wakeups.WaitForTimersAsync(_timersSeen, left, over.Token);
            await Task.WhenAny(set, changed);
            await over.CancelAsync();
            await set.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!wakeups.Hears) break;
        }

        _timersSeen = wakeups.TimersMark;
    }

    private static async Task WaitAsync(Task changed, TimeSpan left, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(changed, Task.Delay(left, over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private TimeSpan Left(ref long at, out Task changed)
    {
        lock (_gate)
        {
            changed = _changed.Task;
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at);
            return left < s_longest ? left : s_longest;
        }
    }

    private void Plan(ref long at, TimeSpan? left)
    {
        TaskCompletionSource? earlier = null;
        lock (_gate)
        {
            var planned = left is { } some ? Stopwatch.GetTimestamp() + (long)(some.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
            if (planned < at) (earlier, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
            at = planned;
        }

        earlier?.SetResult();
    }
}
