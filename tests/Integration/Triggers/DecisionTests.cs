using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>What the ledger says of each event.</summary>
public sealed class DecisionTests(QueueInstall shared) : TriggerQueueTest(shared)
{
    [Fact]
    public async Task A_key_that_came_before_is_the_same_event_until_its_window_is_over()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"webhook","dedupe":{"header":"X-Id","window":"1h"}
            """);
        var first = await ComeAsync(trigger, "{}", EventKeys.OfSender("a"));
        var again = await ComeAsync(trigger, "{}", EventKeys.OfSender("a"));
        var other = await ComeAsync(trigger, "{}", EventKeys.OfSender("b"));
        await SettleAsync();
        var third = await ComeAsync(trigger, "{}", EventKeys.OfSender("a"));
        await SettleAsync();
        Assert.Equal(Decisions.Ran, (await EventAsync(first)).Decision);
        Assert.Equal((Decisions.Deduplicated, first), ((await EventAsync(again)).Decision, (await EventAsync(again)).DuplicateOf));
        Assert.Equal((Decisions.Deduplicated, first), ((await EventAsync(third)).Decision, (await EventAsync(third)).DuplicateOf));
        Assert.Equal(Decisions.Ran, (await EventAsync(other)).Decision);
        await ExecuteAsync("update gofer.trigger_keys set expires_at = now()");
        var later = await ComeAsync(trigger, "{}", EventKeys.OfSender("a"));
        await SettleAsync();
        Assert.Equal(Decisions.Ran, (await EventAsync(later)).Decision);
        Assert.Equal(3, (await RunsAsync()).Count);
    }

    [Fact]
    public async Task What_a_filter_does_not_let_through_says_why_and_takes_no_key()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"webhook","dedupe":{"header":"X-Id"},"filter":[{"pointer":"/ref","equals":"refs/heads/main"}]
            """);
        var filtered = await ComeAsync(trigger, """{"ref":"refs/heads/x"}""", EventKeys.OfSender("a"));
        var ran = await ComeAsync(trigger, """{"ref":"refs/heads/main"}""", EventKeys.OfSender("a"));
        await SettleAsync();
        Assert.Equal((Decisions.Filtered, "\"/ref\" is \"refs/heads/x\" and not \"refs/heads/main\"."), ((await EventAsync(filtered)).Decision, (await EventAsync(filtered)).Reason));
        Assert.Equal(Decisions.Ran, (await EventAsync(ran)).Decision);
    }

    [Fact]
    public async Task Parameters_come_out_of_the_event_and_where_they_do_not_the_ledger_says_which()
    {
        await RegisterAsync("p", """
            "params":[{"name":"sha","type":"string"},{"name":"count","type":"int","default":1}]
            """);
        var trigger = await AddAsync("""
            "type":"webhook","params":{"sha":{"pointer":"/after"},"count":{"pointer":"/n","default":7}}
            """);
        var (good, bad, wrong) = (await ComeAsync(trigger, """{"after":"abc","n":3}"""), await ComeAsync(trigger, "{}"), await ComeAsync(trigger, """{"after":"abc","n":"many"}"""));
        await SettleAsync();
        Assert.Equal(Decisions.Ran, (await EventAsync(good)).Decision);
        Assert.Equal((Decisions.Failed, "The parameter 'sha' is to come from the event, and \"/after\" is not there."), ((await EventAsync(bad)).Decision, (await EventAsync(bad)).Reason));
        Assert.Equal(Decisions.Failed, (await EventAsync(wrong)).Decision);
        Assert.Contains("'count'", (await EventAsync(wrong)).Reason, StringComparison.Ordinal);
        var run = Assert.Single(await RunsAsync());
        Assert.Equal(("abc", 3), (run.Params["sha"].GetString(), run.Params["count"].GetInt32()));
    }

    [Fact]
    public async Task A_pinned_version_runs_and_says_why()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"webhook","version":1
            """);
        await ComeAsync(trigger);
        await SettleAsync();
        Assert.Equal((VersionReasons.TriggerOverride, 1), ((await RunsAsync()).Single().VersionReason, (await RunsAsync()).Single().Version));
    }

    [Fact]
    public async Task A_paused_pipeline_a_disabled_trigger_and_one_that_is_gone_each_leave_their_words()
    {
        await RegisterAsync();
        var (paused, disabled, gone) = (await AddAsync("\"type\":\"webhook\"", "a"), await AddAsync("\"type\":\"webhook\"", "b"), await AddAsync("\"type\":\"webhook\"", "c"));
        await ExecuteAsync("update gofer.pipeline_heads set paused = true");
        var (one, two, three) = (await ComeAsync(paused), await ComeAsync(disabled), await ComeAsync(gone));
        await ExecuteAsync("update gofer.triggers set enabled = false where name = 'b'");
        await ExecuteAsync("delete from gofer.triggers where name = 'c'");
        await SettleAsync();
        Assert.Equal(Decisions.Paused, (await EventAsync(one)).Decision);
        Assert.Equal((Decisions.Disabled, "The trigger is disabled."), ((await EventAsync(two)).Decision, (await EventAsync(two)).Reason));
        Assert.Equal((Decisions.Disabled, "The trigger was deleted."), ((await EventAsync(three)).Decision, (await EventAsync(three)).Reason));
        Assert.Empty(await RunsAsync());
    }

    [Fact]
    public async Task The_end_of_a_run_sets_off_the_triggers_that_follow_its_pipeline_once_and_only_for_the_outcomes_that_they_name()
    {
        await RegisterAsync("up");
        var upstream = Home;
        await RegisterAsync("down", """
            "params":[{"name":"of","type":"int"}]
            """);
        await AddAsync("""
            "type":"pipeline","pipeline":"up","params":{"of":{"pointer":"/run"}}
            """, "good");
        await AddAsync("""
            "type":"pipeline","pipeline":"up","on":["failed","cancelled"],"params":{"of":{"pointer":"/run"}}
            """, "bad");
        await Install.CreateRunAsync(upstream, Ct);
        await EndRunsAsync();
        await SettleAsync();
        var e = Assert.Single(await LedgerAsync());
        Assert.Equal(("good", Decisions.Ran, EventKinds.Pipeline), (e.Trigger, e.Decision, e.Kind));
        Assert.Equal(1, (await RunsAsync()).Single(r => r.Trigger == "good").Params["of"].GetInt32());
        await EndRunsAsync();
        await Install.CreateRunAsync(upstream, Ct);
        await EndRunsAsync(1);
        await SettleAsync();
        Assert.Equal(["good", "bad"], (await LedgerAsync()).OrderBy(x => x.Id).Select(x => x.Trigger));
    }

    [Fact]
    public async Task What_was_decided_goes_from_the_ledger_in_time_and_what_is_open_stays()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"webhook","overlap":"queue"
            """);
        var (old, waits) = (await ComeAsync(trigger), await ComeAsync(trigger));
        await SettleAsync();
        await ExecuteAsync("update gofer.trigger_events set received_at = now() - interval '31 days', decided_at = decided_at - interval '31 days'");
        await Install.Services.GetRequiredService<Infrastructure.Postgres.Housekeeping>().RunAsync(Ct);
        Assert.Equal([waits], (await LedgerAsync()).Select(e => e.Id));
        Assert.NotEqual(waits, old);
    }
}
