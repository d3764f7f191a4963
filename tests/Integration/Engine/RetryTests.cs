using Gofer.Application.Queue;
using Gofer.Domain.Runs;
using Gofer.Tests.Support.Engine;

namespace Gofer.Tests.Integration.Engine;

/// <summary>Attempts that fail and are followed by another, times that come, and tasks that take their workers down.</summary>
public sealed class RetryTests(QueueInstall shared) : EngineTest(shared)
{
    private const string Twice = "\"retry\":{\"max_attempts\":2,\"initial_delay\":\"0s\",\"on\":[\"exit_code\"],\"exit_codes\":[7]}";

    [Fact]
    public async Task A_failure_that_the_policy_names_is_tried_again_and_every_attempt_is_kept()
    {
        var run = await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("p", task: Twice), Ct), Ct);
        var worker = await WorkAsync();
        var first = Assert.Single(await ClaimAsync(worker));
        await FinishAsync(worker, [first], exitCode: 7);
        Assert.Empty(await ClaimAsync(worker)); // its time is told by a timer, however soon that is
        Assert.Equal(1, (await Install.Queue.FireTimersAsync(Ct)).Fired);
        var second = Assert.Single(await ClaimAsync(worker));
        Assert.Equal((2, first.Held.Fence + 1), (second.Attempt, second.Held.Fence));
        await FinishAsync(worker, [second], exitCode: 7);

        Assert.Equal((RunState.Failed, Reasons.TaskFailed), ((await Install.RunAsync(run.Id, Ct)).State, (await Install.RunAsync(run.Id, Ct)).Reason));
        Assert.Equal("1 exit_code 7", await Install.ScalarAsync<string>("select attempt || ' ' || reason || ' ' || exit_code from gofer.task_attempts", Ct));
        Assert.Equal((0L, 0L), (await CountAsync("timers"), await CountAsync("ready_tasks")));
    }

    [Fact]
    public async Task A_failure_that_the_policy_does_not_name_is_final()
    {
        var run = await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("p", task: Twice), Ct), Ct);
        var worker = await WorkAsync();
        await FinishAsync(worker, await ClaimAsync(worker), exitCode: 8);
        Assert.Equal(RunState.Failed, (await Install.RunAsync(run.Id, Ct)).State);
        Assert.Equal((0L, 0L), (await CountAsync("timers"), await CountAsync("task_attempts")));
    }

    [Fact]
    public async Task A_retry_waits_for_its_time_and_cancel_wins_over_it()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p", task: "\"retry\":{\"max_attempts\":9,\"initial_delay\":\"1h\",\"max_delay\":\"1h\"}"), Ct);
        var run = await Install.CreateRunAsync(pipeline, Ct);
        var worker = await WorkAsync();
        await FinishAsync(worker, await ClaimAsync(worker), exitCode: 1);
        var waiting = Assert.Single(await Install.TasksAsync(run.Id, Ct));
        Assert.Equal((TaskState.Waiting, WaitingFor.Retry), (waiting.State, waiting.WaitingFor!.Value));
        Assert.NotNull(waiting.WaitUntil);
        var (fired, next) = await Install.Queue.FireTimersAsync(Ct);
        Assert.Equal(0, fired);
        Assert.InRange(next!.Value, TimeSpan.Zero, TimeSpan.FromHours(1));

        await Install.Writer.CancelAsync(run.Id, null, Ct);
        Assert.Equal(RunState.Cancelled, (await Install.RunAsync(run.Id, Ct)).State);
        Assert.Equal(0L, await CountAsync("timers"));
    }

    [Fact]
    public async Task A_run_that_takes_too_long_is_stopped_and_says_so()
    {
        var run = await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("p", "\"timeout\":\"1h\""), Ct), Ct);
        var worker = await WorkAsync();
        var claim = Assert.Single(await ClaimAsync(worker));
        await ExecuteAsync("update gofer.timers set due_at = now()");
        Assert.Equal(1, (await Install.Queue.FireTimersAsync(Ct)).Fired);
        Assert.Single(await Install.Queue.StopsAsync(worker, [claim.Held], Ct));
        Assert.Equal(RunState.Running, (await Install.RunAsync(run.Id, Ct)).State); // until the container is gone

        await FinishAsync(worker, [claim]);
        var ended = await Install.RunAsync(run.Id, Ct);
        Assert.Equal((RunState.Failed, Reasons.RunTimeout, "The run took longer than its timeout of 1h."), (ended.State, ended.Reason, ended.Message));
        var task = Assert.Single(await Install.TasksAsync(run.Id, Ct));
        Assert.Equal((TaskState.Cancelled, Reasons.RunTimeout, 0), (task.State, task.Reason, task.ExitCode));
        Assert.Equal(0L, await CountAsync("timers"));
    }

    [Fact]
    public async Task What_dead_workers_had_in_common_fails_as_poison_and_what_was_beside_it_does_not()
    {
        var poison = await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("poison"), Ct), Ct);
        var innocent = await Install.RegisterAsync(OneTask("innocent"), Ct);
        for (var death = 0; death < 3; death++)
        {
            await Install.CreateRunAsync(innocent, Ct);
            var victim = await WorkAsync();
            var claims = await ClaimAsync(victim);
            Assert.Contains(claims, c => c.Pipeline == "poison");
            await FinishAsync(victim, claims.Where(c => c.RunNumber <= death && c.Pipeline == "innocent")); // the older ones get done
            await Install.ExpireLeaseAsync(victim, Ct);
            await SweepAsync();
        }

        var worker = await WorkAsync();
        var last = await ClaimAsync(worker);
        var condemned = Assert.Single(last, c => c.StopRequested);
        Assert.Equal("poison", condemned.Pipeline);
        await Install.Queue.AdvanceAsync(worker, TestInstall.Backend, [new TaskReport.Ended(condemned.Held, new TaskOutcome.NeverStarted())], 0, Ct);
        await FinishAsync(worker, last.Where(c => c != condemned));
        Assert.Equal(RunState.Failed, (await Install.RunAsync(poison.Id, Ct)).State);
        Assert.Equal(Reasons.Poison, Assert.Single(await Install.TasksAsync(poison.Id, Ct)).Reason);
        Assert.Equal(3L, await Install.ScalarAsync<long>("select count(*) from gofer.runs where state = 'succeeded'", Ct));
    }
}
