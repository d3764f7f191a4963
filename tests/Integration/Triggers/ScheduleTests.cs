using Gofer.Application.Triggers;
using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Scheduled times over a real Postgres: each is one event, and those that passed are made up for as the policy says.</summary>
public sealed class ScheduleTests(QueueInstall shared) : TriggerQueueTest(shared)
{
    [Fact]
    public async Task A_time_that_comes_is_one_event_and_one_run_that_says_what_made_it()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"interval","every":"1h","anchor":"2020-01-01T00:00:00Z"
            """);
        await SettleAsync();
        Assert.Empty(await LedgerAsync());
        await DueSinceAsync(trigger, "1 second");
        await SettleAsync();
        var e = Assert.Single(await LedgerAsync());
        Assert.Equal((Decisions.Ran, 1L, 1, EventKinds.Schedule), (e.Decision, e.Run, e.RunVersion, e.Kind));
        var run = Assert.Single(await RunsAsync());
        Assert.Equal(("t", VersionReasons.Live), (run.Trigger, run.VersionReason));
        Assert.Equal(TriggerWriter.Text(e.ScheduledFor!.Value), run.Variables["GOFER_SCHEDULED_FOR"]);
        Assert.Equal(e.Id.ToString(), run.Variables["GOFER_EVENT_ID"]);
        Assert.Equal("t", run.Variables["GOFER_TRIGGER_ID"]);
    }

    /// <summary>Ten minutes of a trigger that fires each minute: eleven times are due, those of the last minute are not late.</summary>
    [Theory]
    [InlineData("none", 2)]
    [InlineData("last", 2)]
    [InlineData("5", 5)]
    [InlineData("all", 11)]
    public async Task What_passed_is_made_up_for_as_catch_up_says_and_the_rest_is_in_the_ledger_as_missed(string policy, int ran)
    {
        await RegisterAsync();
        var trigger = await AddAsync($"\"type\":\"interval\",\"every\":\"1m\",\"anchor\":\"2020-01-01T00:00:00Z\",\"catch_up\":\"{policy}\"");
        await ExecuteAsync($"update gofer.triggers set next_at = date_trunc('minute', now()) - interval '10 minutes', due_at = date_trunc('minute', now()) - interval '10 minutes' where id = '{trigger.Id}'");
        await SettleAsync();
        var ledger = await LedgerAsync();
        Assert.InRange(ledger.Count, 11, 12); // a minute may have come meanwhile
        Assert.Equal(ledger.Count, ledger.Select(e => e.ScheduledFor).Distinct().Count());
        Assert.InRange(ledger.Count(e => e.Decision == Decisions.Ran), ran - 1, ran + 1);
        Assert.Equal(ledger.Count, ledger.Count(e => e.Decision is Decisions.Ran or Decisions.Missed));
        // Whatever was missed came before whatever ran.
        Assert.True(ledger.Where(e => e.Decision == Decisions.Missed).Select(e => e.ScheduledFor).DefaultIfEmpty(DateTimeOffset.MinValue).Max() < ledger.Where(e => e.Decision == Decisions.Ran).Min(e => e.ScheduledFor));
        Assert.All(ledger.Where(e => e.Decision == Decisions.Missed), e => Assert.Contains($"catch_up is {policy}", e.Reason, StringComparison.Ordinal));
        Assert.Equal(ledger.Count(e => e.Decision == Decisions.Ran), (await RunsAsync()).Count);
    }

    [Fact]
    public async Task A_week_of_every_ten_seconds_is_handled_in_pieces_and_comes_to_an_end()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"interval","every":"10s","anchor":"2020-01-01T00:00:00Z","catch_up":"last"
            """);
        await DueSinceAsync(trigger, "3 hours");
        await SettleAsync();
        var decisions = await DecisionsAsync();
        Assert.InRange(decisions[Decisions.Missed], 1060, 1081);
        Assert.InRange(decisions[Decisions.Ran], 1, 12);
        Assert.Equal(1L, await Install.ScalarAsync<long>("select count(*) from gofer.triggers where next_at > now() and due_at = next_at", Ct));
    }

    [Fact]
    public async Task Many_workers_that_look_at_the_same_moment_make_one_event_of_each_time()
    {
        await RegisterAsync();
        for (var i = 0; i < 20; i++)
        {
            var trigger = await AddAsync("""
                "type":"interval","every":"1m","anchor":"2020-01-01T00:00:00Z","catch_up":"all"
                """, $"t{i}");
            await DueSinceAsync(trigger, "30 minutes");
        }

        var hosts = new List<ITriggerQueue> { Triggers };
        for (var i = 0; i < 3; i++) hosts.Add((await Install.AddHostAsync(_ => { }, Ct)).Services.GetRequiredService<ITriggerQueue>());
        await Task.WhenAll(hosts.Select(async queue =>
        {
            for (var i = 0; i < 40; i++) await queue.PassAsync(Ct);
        }));
        await SettleAsync();
        var ledger = await LedgerAsync();
        Assert.Equal(ledger.Count, ledger.Select(e => (e.TriggerId, e.ScheduledFor)).Distinct().Count());
        Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
        Assert.Equal(Enumerable.Range(1, ledger.Count).Select(n => (long)n), ledger.Select(e => e.Run!.Value).Order());
        Assert.InRange(ledger.Count, 20 * 30, 20 * 32);
    }

    [Fact]
    public async Task A_trigger_that_cannot_be_planned_holds_up_no_other_and_is_tried_again()
    {
        await RegisterAsync();
        var broken = await AddAsync("""
            "type":"cron","expression":"* * * * *","zone":"Europe/Berlin"
            """, "broken");
        await ExecuteAsync($"update gofer.triggers set definition = replace(definition, 'Europe/Berlin', 'Europe/Gone') where id = '{broken.Id}'");
        var good = await AddAsync("""
            "type":"interval","every":"1h","anchor":"2020-01-01T00:00:00Z"
            """, "good");
        await DueSinceAsync(broken, "1 minute");
        await DueSinceAsync(good, "1 second");
        await SettleAsync();
        Assert.Equal("good", Assert.Single(await LedgerAsync()).Trigger);
        Assert.Equal(1L, await Install.ScalarAsync<long>("select count(*) from gofer.triggers where name = 'broken' and due_at > now() and next_at < now()", Ct));
    }

    [Fact]
    public async Task The_phase_of_an_interval_is_kept_when_the_rest_of_the_trigger_changes_and_begins_anew_when_its_length_does()
    {
        await RegisterAsync();
        var trigger = await AddAsync("""
            "type":"interval","every":"1h"
            """);
        var anchor = TriggerReader.ReadStored(trigger.Definition).Schedule!.Anchor;
        var (next, later) = (trigger.NextAt, trigger.CreatedAt.AddMinutes(7));
        var definition = TriggerReader.ReadStored(trigger.Definition) with { Overlap = OverlapPolicy.Skip };
        Assert.True(trigger.Define(definition with { Schedule = definition.Schedule! with { Anchor = null } }, true, TriggerSource.Api, "default", later));
        Assert.Equal((anchor, next), (TriggerReader.ReadStored(trigger.Definition).Schedule!.Anchor, trigger.NextAt));
        Assert.True(trigger.Define(definition with { Schedule = definition.Schedule! with { Anchor = null, Every = TimeSpan.FromHours(2) } }, true, TriggerSource.Api, "default", later));
        Assert.Equal(later.AddHours(2), trigger.NextAt);
    }
}
