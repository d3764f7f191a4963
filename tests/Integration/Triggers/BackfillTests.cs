using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Integration.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Past times of a schedule over a real Postgres: each is one event and one run, and no more run at a time than may.</summary>
public sealed class BackfillTests(QueueInstall shared) : BackfillTest(shared)
{
    [Fact]
    public async Task Each_time_is_one_event_and_one_run_that_knows_its_time_and_goes_after_all_others()
    {
        await DailyAsync(pipeline: "\"priority\":7");
        var id = await BackfillAsync(3, 10);
        Assert.Equal((BackfillState.Running, 3, 0, 0, "somebody"), Told(await ViewAsync(id)));
        await SettleAsync();
        var ledger = await LedgerAsync();
        Assert.Equal([NewYear, NewYear.AddDays(1), NewYear.AddDays(2)], ledger.Select(e => e.ScheduledFor!.Value));
        Assert.All(ledger, e => Assert.Equal((EventKinds.Backfill, Decisions.Ran, id, "somebody"), (e.Kind, e.Decision, e.BackfillId!.Value, e.Actor)));
        var runs = await RunsAsync();
        Assert.All(runs, r => Assert.Equal(("t", VersionReasons.Live, (short)-100), (r.Trigger, r.VersionReason, r.Priority)));
        Assert.Equal(ledger.Select(e => TriggerWriter.Text(e.ScheduledFor!.Value)), runs.Select(r => r.Variables["GOFER_SCHEDULED_FOR"]));
        Assert.Equal((BackfillState.Running, 3, 3, 3, "somebody"), Told(await ViewAsync(id)));

        await EndRunsAsync();
        await SettleAsync();
        var done = await ViewAsync(id);
        Assert.Equal((BackfillState.Completed, 3, 3, 0, "somebody"), Told(done));
        Assert.True(done.EndedAt >= done.CreatedAt && done.Reason is null, done.ToString());
        // Nothing of it is looked at any more, but the trigger's next midnight.
        Assert.True(await Triggers.PassAsync(Ct) is { } look && look != TimeSpan.FromMilliseconds(250), "It is looked at again.");

        static (BackfillState, int, int, int, string?) Told(Application.Triggers.BackfillView view) => (view.State, view.Total, view.Made, view.Active, view.Actor);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Never_more_of_its_runs_are_there_than_it_may_have_and_never_fewer_than_there_could_be(int parallel)
    {
        await DailyAsync();
        var id = await BackfillAsync(20, parallel);
        var worker = await WorkAsync();
        for (var ended = 0; ended < 20;)
        {
            await SettleAsync();
            Assert.Equal(Math.Min(parallel, 20 - ended), (await ViewAsync(id)).Active);
            var claimed = await ClaimAsync(worker, 1 + (ended % parallel));
            await FinishAsync(worker, claimed);
            ended += claimed.Count;
        }

        await SettleAsync();
        Assert.Equal(BackfillState.Completed, (await ViewAsync(id)).State);
        Assert.Equal(Enumerable.Range(0, 20).Select(d => NewYear.AddDays(d)), await RanAsync());
    }

    [Fact]
    public async Task The_newest_come_first_where_that_is_asked_for_and_a_limit_ends_it_early()
    {
        await DailyAsync();
        var id = await BackfillAsync(20, 2, o => o with { Reverse = true, Limit = 5 });
        await DrainAsync(id);
        Assert.Equal(Enumerable.Range(15, 5).Reverse().Select(d => NewYear.AddDays(d)), await RanAsync());
        Assert.Equal((5, 5), ((await ViewAsync(id)).Total, (await ViewAsync(id)).Made));
    }

    /// <summary>Berlin's clock went from 2:00 to 3:00 on 2026-03-29: the trigger shifts what is skipped.</summary>
    [Fact]
    public async Task Over_a_change_of_the_clock_the_runs_have_the_times_that_the_trigger_would_have_had()
    {
        await RegisterAsync();
        await AddAsync("""
            "type":"cron","expression":"30 2 * * *","zone":"Europe/Berlin"
            """);
        var id = await BackfillAsync(1, 100, o => o with { From = NewYear.AddDays(86), To = NewYear.AddDays(89) });
        await DrainAsync(id);
        Assert.Equal(["03-28 01:30", "03-29 01:30", "03-30 00:30"], (await RanAsync()).Select(t => t.UtcDateTime.ToString("MM-dd HH:mm", null)));
    }

    [Fact]
    public async Task What_it_was_told_wins_over_what_the_trigger_says()
    {
        await DailyAsync(""" "params":{"who":"trigger","when":"then"} """, """ "params":[{"name":"who","type":"string"},{"name":"when","type":"string"}] """);
        await BackfillAsync(1, 1, o => o with { Version = 1, Params = new Dictionary<string, JsonElement> { ["who"] = JsonSerializer.SerializeToElement("backfill") } });
        await BackfillAsync(1, 1);
        await SettleAsync();
        Assert.Equal(
            [(VersionReasons.Pinned, "backfill", "then"), (VersionReasons.Live, "trigger", "then")],
            (await RunsAsync()).Select(r => (r.VersionReason, r.Params["who"].GetString()!, r.Params["when"].GetString()!)).OrderDescending());
    }

    [Fact]
    public async Task One_that_is_paused_makes_no_more_until_it_is_resumed_and_its_runs_go_on()
    {
        await DailyAsync();
        var id = await BackfillAsync(6, 2);
        await SettleAsync();
        Assert.Equal(BackfillState.Paused, (await PauseAsync(id, true)).Value.State);
        Assert.Equal(BackfillState.Paused, (await PauseAsync(id, true)).Value.State);
        await EndRunsAsync();
        await SettleAsync();
        Assert.Equal((2, 0, BackfillState.Paused), ((await ViewAsync(id)).Made, (await ViewAsync(id)).Active, (await ViewAsync(id)).State));
        Assert.All(await RunsAsync(), r => Assert.Equal(RunState.Succeeded, r.State));
        await PauseAsync(id, false);
        await DrainAsync(id);
        Assert.Equal(6, (await RanAsync()).Count);
        Assert.Equal(ErrorCodes.BackfillEnded, (await PauseAsync(id, true)).Error?.Code);
    }

    [Fact]
    public async Task While_its_pipeline_is_paused_it_makes_none_and_loses_none()
    {
        await DailyAsync();
        var id = await BackfillAsync(3, 2);
        // Two events are there when the pipeline is paused, and nothing was decided of them.
        Assert.Equal(2, await Steps.RunAsync(Ct));
        await ExecuteAsync("update gofer.pipeline_heads set paused = true");
        await SettleAsync();
        Assert.Equal(0, await CountAsync("runs"));
        Assert.Equal(2, (await DecisionsAsync())["open"]);
        await ExecuteAsync("update gofer.pipeline_heads set paused = false");
        await DrainAsync(id);
        Assert.Equal(Enumerable.Range(0, 3).Select(d => NewYear.AddDays(d)), await RanAsync());
    }

    [Fact]
    public async Task Events_that_wait_for_a_paused_pipeline_stand_before_no_other_and_are_cancelled_with_their_backfill()
    {
        await DailyAsync();
        var id = await BackfillAsync(100, 100);
        await Steps.RunAsync(Ct);
        await ExecuteAsync("update gofer.pipeline_heads set paused = true");
        var hook = await AddAsync("\"type\":\"webhook\"", "w");
        var came = await ComeAsync(hook);
        await SettleAsync();
        Assert.Equal(Decisions.Paused, (await EventAsync(came)).Decision);
        await CancelAsync(id);
        await SettleAsync();
        Assert.Equal(100, (await DecisionsAsync())[Decisions.Cancelled]);
        Assert.Equal(BackfillState.Cancelled, (await ViewAsync(id)).State);
    }

    [Fact]
    public async Task Neither_holds_back_the_other_where_the_trigger_overlaps_with_nothing()
    {
        var trigger = await DailyAsync("\"overlap\":\"skip\"");
        await ExecuteAsync("update gofer.triggers set enabled = false");
        await BackfillAsync(3, 3);
        await SettleAsync();
        Assert.Equal(3, (await DecisionsAsync())[Decisions.Ran]);
        await ExecuteAsync("update gofer.triggers set enabled = true");
        var live = await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(Decisions.Ran, (await EventAsync(live)).Decision);
        var second = await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal(Decisions.Overlapped, (await EventAsync(second)).Decision);
    }

    [Fact]
    public async Task One_whose_trigger_is_deleted_is_cancelled_and_says_why_and_its_runs_go_on()
    {
        var trigger = await DailyAsync();
        var (running, paused) = (await BackfillAsync(9, 2), await BackfillAsync(9, 2));
        await PauseAsync(paused, true);
        await SettleAsync();
        await DeleteTriggerAsync(trigger);
        await SettleAsync();
        foreach (var id in new[] { running, paused }) Assert.Equal((BackfillState.Cancelled, "The trigger was deleted."), ((await ViewAsync(id)).State, (await ViewAsync(id)).Reason));
        await EndRunsAsync();
        await SettleAsync();
        Assert.All(await RunsAsync(), r => Assert.Equal(RunState.Succeeded, r.State));
        Assert.Equal(2, await CountAsync("runs"));
    }

    [Fact]
    public async Task One_whose_pipeline_is_deleted_is_cancelled_and_says_why()
    {
        await DailyAsync();
        var id = await BackfillAsync(9, 2);
        await Steps.RunAsync(Ct);
        await ExecuteAsync("update gofer.pipelines set deleted_at = now(); update gofer.pipeline_heads set deleted = true; delete from gofer.triggers");
        await SettleAsync();
        Assert.Equal(1L, await Install.ScalarAsync<long>($"select count(*) from gofer.backfills where id = '{id}' and state = 'cancelled' and reason = 'The pipeline was deleted.'", Ct));
        Assert.Equal(0, await CountAsync("runs"));
        Assert.Equal(0, await CountAsync("open_trigger_events"));
    }

    [Fact]
    public async Task A_schedule_that_changes_afterwards_changes_none_of_its_times()
    {
        await DailyAsync();
        var id = await BackfillAsync(4, 2);
        await SettleAsync();
        await ExecuteAsync("update gofer.triggers set definition = replace(definition, '0 0 * * *', '0 0 1 1 *')");
        await DrainAsync(id);
        Assert.Equal(Enumerable.Range(0, 4).Select(d => NewYear.AddDays(d)), await RanAsync());
    }

    [Fact]
    public async Task A_pipeline_has_five_that_have_not_ended_and_no_more()
    {
        await DailyAsync();
        for (var i = 0; i < Backfill.MaxActive; i++) await BackfillAsync(1, 1);
        var refused = (await AskAsync(1, 1)).Error!;
        Assert.Equal((ErrorKind.Invalid, "The pipeline has 5 backfills that have not ended, and 5 are the most. Wait for one, or cancel it."), (refused.Kind, Assert.Single(refused.Faults!).Message));
        await SettleAsync();
        await EndRunsAsync();
        await SettleAsync();
        await BackfillAsync(1, 1);
    }

    [Fact]
    public async Task One_that_ended_is_forgotten_with_the_ledger_and_one_that_has_not_ended_never()
    {
        await DailyAsync();
        var (ended, open) = (await BackfillAsync(1, 1), await BackfillAsync(1, 1));
        await CancelAsync(ended);
        await PauseAsync(open, true);
        await SettleAsync();
        await ExecuteAsync("update gofer.backfills set created_at = now() - interval '31 days', ended_at = ended_at - interval '29 days'");
        await Install.Services.GetRequiredService<Housekeeping>().RunAsync(Ct);
        Assert.Equal(2, await CountAsync("backfills"));
        await ExecuteAsync("update gofer.backfills set ended_at = ended_at - interval '2 days'");
        await Install.Services.GetRequiredService<Housekeeping>().RunAsync(Ct);
        Assert.Equal(open.ToString(), (await Install.ScalarAsync<Guid>("select id from gofer.backfills", Ct)).ToString());
    }

    /// <summary>Passes and ends runs until it has ended.</summary>
    private async Task DrainAsync(BackfillId id)
    {
        for (var i = 0; i < 100; i++)
        {
            await SettleAsync();
            if ((await ViewAsync(id)).EndedAt is not null) return;
            await EndRunsAsync();
        }

        Assert.Fail("It never ends.");
    }
}
