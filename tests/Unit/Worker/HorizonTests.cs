using Gofer.Application.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Worker.Loops;

namespace Gofer.Tests.Unit.Worker;

public sealed class HorizonTests
{
    private static readonly Renewal s_quiet = new(TimeSpan.FromHours(1), null, false, false, null);

    /// <summary>So long that no sweep of a test comes by it.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMinutes(1);

    private readonly Wakeups _wakeups = new() { Hears = true };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Before_anything_was_told_everything_is_looked_at()
    {
        var horizon = new Horizon(_wakeups);
        Assert.True(await horizon.UntilSweepAsync(s_pace, Ct));
        Assert.True(await horizon.UntilTimerAsync(Ct));
    }

    [Fact]
    public async Task A_heartbeat_wakes_the_loop_of_triggers_for_what_is_due_and_puts_off_nothing_that_the_loop_knows_of()
    {
        var horizon = new Horizon(_wakeups);
        horizon.Learn(s_quiet);
        Assert.True(await horizon.UntilTriggerAsync(Ct)); // what was there before it began
        horizon.NextTrigger(null);
        var asleep = horizon.UntilTriggerAsync(Ct);
        horizon.Learn(s_quiet);
        Assert.False(asleep.IsCompleted);
        horizon.Learn(s_quiet with { NextTrigger = TimeSpan.Zero });
        Assert.True(await asleep);
        horizon.NextTrigger(TimeSpan.Zero);
        horizon.Learn(s_quiet with { NextTrigger = TimeSpan.FromHours(1) });
        Assert.True(await horizon.UntilTriggerAsync(Ct));
    }

    [Fact]
    public async Task A_quiet_heartbeat_lets_everything_rest_until_one_fails()
    {
        var horizon = new Horizon(_wakeups);
        horizon.Learn(s_quiet);
        await horizon.UntilTimerAsync(Ct); // what was set before it began
        horizon.Learn(s_quiet);
        var (sweep, timer) = (horizon.UntilSweepAsync(s_pace, Ct), horizon.UntilTimerAsync(Ct));
        horizon.Learn(s_quiet);
        Assert.False(sweep.IsCompleted || timer.IsCompleted);
        horizon.Forget();
        Assert.True(await sweep);
        Assert.True(await timer);
    }

    [Fact]
    public async Task What_a_heartbeat_says_is_due_is_looked_at()
    {
        var horizon = new Horizon(_wakeups);
        horizon.Learn(s_quiet);
        var sweep = horizon.UntilSweepAsync(s_pace, Ct);
        horizon.Learn(s_quiet with { WantsSweep = true });
        Assert.True(await sweep);
    }

    [Fact]
    public async Task A_lease_that_ends_is_seen_to_at_once_and_everything_else_at_the_pace_of_the_sweeps()
    {
        var horizon = new Horizon(_wakeups);
        Assert.True(await horizon.UntilSweepAsync(s_pace, Ct));
        horizon.Learn(s_quiet with { WantsSweep = true });
        var sweep = horizon.UntilSweepAsync(s_pace, Ct);
        horizon.Learn(s_quiet with { WantsSweep = true });
        Assert.False(sweep.IsCompleted);
        horizon.Learn(s_quiet with { NextLeaseEnd = TimeSpan.FromMilliseconds(1) });
        Assert.True(await sweep);
        Assert.False(horizon.UntilSweepAsync(s_pace, Ct).IsCompleted); // that end was seen to
    }

    [Fact]
    public async Task A_sweep_that_left_a_dead_worker_comes_again_before_its_time()
    {
        var horizon = new Horizon(_wakeups);
        Assert.True(await horizon.UntilSweepAsync(s_pace, Ct));
        horizon.Learn(s_quiet);
        var sweep = horizon.UntilSweepAsync(s_pace, Ct);
        Assert.False(sweep.IsCompleted);
        horizon.SweepAgain();
        Assert.True(await sweep);
    }

    [Fact]
    public async Task A_heartbeat_that_finds_tasks_in_the_queue_wakes_the_claimers()
    {
        var mark = _wakeups.ReadyMark;
        new Horizon(_wakeups).Learn(s_quiet with { IsReady = true });
        await _wakeups.WaitForReadyAsync(mark, TimeSpan.FromMinutes(1), Ct);
        Assert.NotEqual(mark, _wakeups.ReadyMark);
    }

    [Fact]
    public async Task A_timer_that_another_process_sets_is_looked_at()
    {
        var horizon = new Horizon(_wakeups);
        await horizon.UntilTimerAsync(Ct);
        horizon.NextTimer(null);
        var timer = horizon.UntilTimerAsync(Ct);
        Assert.False(timer.IsCompleted);
        _wakeups.Raise(Wakeups.TimersChannel);
        Assert.True(await timer);
    }
}
