using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Engine;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>What becomes of events that come while a run of their trigger has not ended.</summary>
public sealed class OverlapTests(QueueInstall shared) : TriggerQueueTest(shared)
{
    [Fact]
    public async Task Allow_runs_beside_what_runs()
    {
        var trigger = await TriggerAsync("allow");
        for (var i = 0; i < 3; i++) await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(3, (await DecisionsAsync())[Decisions.Ran]);
    }

    [Fact]
    public async Task Skip_runs_nothing_until_the_run_has_ended()
    {
        var trigger = await TriggerAsync("skip");
        for (var i = 0; i < 3; i++) await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(new Dictionary<string, int> { [Decisions.Ran] = 1, [Decisions.Overlapped] = 2 }, await DecisionsAsync());
        await EndRunsAsync();
        var next = await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal((Decisions.Ran, 2L), ((await EventAsync(next)).Decision, (await EventAsync(next)).Run));
    }

    [Fact]
    public async Task Queue_runs_one_after_the_other_in_the_order_in_which_they_came()
    {
        var trigger = await TriggerAsync("queue");
        var came = new List<Guid>();
        for (var i = 0; i < 4; i++) came.Add(await ComeAsync(trigger));
        for (var ended = 0; ended < 4; ended++)
        {
            await SettleAsync();
            Assert.Equal(ended + 1, (await DecisionsAsync())[Decisions.Ran]);
            Assert.Equal(ended + 1L, (await EventAsync(came[ended])).Run);
            await EndRunsAsync();
        }

        Assert.Equal(0, await CountAsync("open_trigger_events"));
    }

    [Fact]
    public async Task Queue_one_lets_one_wait_and_no_more()
    {
        var trigger = await TriggerAsync("queue_one");
        var came = new List<Guid>();
        for (var i = 0; i < 4; i++) came.Add(await ComeAsync(trigger));
        await SettleAsync();
        Assert.Equal(new Dictionary<string, int> { [Decisions.Ran] = 1, ["open"] = 1, [Decisions.Overlapped] = 2 }, await DecisionsAsync());
        await EndRunsAsync();
        await SettleAsync();
        Assert.Equal(2L, (await EventAsync(came[1])).Run);
    }

    [Fact]
    public async Task Cancel_oldest_cancels_the_run_and_runs_at_once()
    {
        var trigger = await TriggerAsync("cancel_oldest");
        for (var i = 0; i < 3; i++) await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(3, (await DecisionsAsync())[Decisions.Ran]);
        var runs = await RunsAsync();
        Assert.Equal([RunState.Cancelled, RunState.Cancelled, RunState.Running], runs.Select(r => r.State));
        Assert.All(runs.Take(2), r => Assert.Equal(Reasons.Superseded, r.Reason));
    }

    [Fact]
    public async Task Whoever_fires_by_hand_is_held_back_by_nothing_and_runs_of_others_hold_back_nobody()
    {
        var trigger = await TriggerAsync("skip");
        await Install.CreateRunAsync(Home, Ct);
        await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(1, (await DecisionsAsync())[Decisions.Ran]);
        var added = new Application.Triggers.NewTriggerEvent(Guid.CreateVersion7(), Home.Namespace, Home.Pipeline, trigger.Id, "t", EventKinds.Manual);
        await Inbox.AddAsync(added, Ct);
        await SettleAsync();
        Assert.Equal(Decisions.Ran, (await EventAsync(added.Id)).Decision);
    }

    private async Task<Trigger> TriggerAsync(string overlap)
    {
        await RegisterAsync();
        return await AddAsync($"\"type\":\"webhook\",\"overlap\":\"{overlap}\"");
    }
}
