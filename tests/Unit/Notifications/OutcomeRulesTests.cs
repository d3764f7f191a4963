using CsCheck;
using Gofer.Domain.Notifications;
using Gofer.Domain.Runs;
using static Gofer.Tests.Unit.Notifications.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>Who is told of which run.</summary>
public sealed class OutcomeRulesTests
{
    private static readonly string s_all = """ "on":["failed","recovered","succeeded","cancelled","longer_than"],"longer_than":"30m" """;
    private static readonly Gen<RunState?> s_previous = Gen.OneOf<RunState?>(null, RunState.Succeeded, RunState.Failed, RunState.Cancelled);
    private static readonly Gen<TimeSpan?> s_took = Gen.OneOf(Gen.Const((TimeSpan?)null), Gen.Int[0, 31 * 86_400].Select(s => (TimeSpan?)TimeSpan.FromSeconds(s)));

    [Theory]
    [InlineData(RunState.Failed, null, "failed")]
    [InlineData(RunState.Failed, RunState.Failed, "failed")]
    [InlineData(RunState.Failed, RunState.Succeeded, "failed")]
    [InlineData(RunState.Succeeded, RunState.Failed, "recovered")]
    [InlineData(RunState.Succeeded, RunState.Succeeded, "succeeded")]
    [InlineData(RunState.Succeeded, null, "succeeded")]
    [InlineData(RunState.Cancelled, RunState.Failed, "cancelled")]
    [InlineData(RunState.Running, RunState.Failed, "")]
    [InlineData(RunState.Pending, null, "")]
    public void A_run_is_told_once_by_how_it_ended(RunState state, RunState? previous, string told)
    {
        Assert.Equal(told, Told(s_all, state, previous, TimeSpan.FromMinutes(30)));
        var late = state == RunState.Pending ? "" : string.Join(",", new[] { told, "longer_than" }.Where(t => t.Length > 0));
        Assert.Equal(late, Told(s_all, state, previous, TimeSpan.FromMinutes(30) + TimeSpan.FromTicks(1)));
    }

    [Fact]
    public void A_success_after_a_failure_is_a_success_where_recovery_is_not_asked_for()
    {
        Assert.Equal("succeeded", Told(""" "on":["succeeded"] """, RunState.Succeeded, RunState.Failed, null));
        Assert.Equal("", Told(""" "on":["recovered"] """, RunState.Succeeded, RunState.Succeeded, null));
        Assert.Equal("", Told(""" "on":["recovered"] """, RunState.Succeeded, null, null));
    }

    [Fact]
    public void What_applies_is_what_is_asked_for_and_true_of_the_run() =>
        Gen.Select(Any, Gen.Enum<RunState>(), s_previous, s_took).Sample((notification, state, previous, took) =>
        {
            var told = OutcomeRules.Of(notification, state, previous, took);
            bool True(NotificationOutcome outcome) => outcome switch
            {
                NotificationOutcome.Failed => state == RunState.Failed,
                NotificationOutcome.Cancelled => state == RunState.Cancelled,
                NotificationOutcome.Succeeded => state == RunState.Succeeded,
                NotificationOutcome.Recovered => (state, previous) == (RunState.Succeeded, RunState.Failed),
                _ => state != RunState.Pending && took is { } t && t > notification.LongerThan,
            };
            var expected = notification.Enabled ? notification.On.Where(True).ToHashSet() : [];
            if (expected.Contains(NotificationOutcome.Recovered)) expected.Remove(NotificationOutcome.Succeeded);
            return expected.SetEquals(told) && told.Count == expected.Count && told.Count(o => o != NotificationOutcome.LongerThan) <= 1;
        });

    /// <summary>A pipeline's whole history: failures are told each, and a recovery once between two failures.</summary>
    [Fact]
    public void A_recovery_is_told_once_after_failures_however_many_are_cancelled_between() =>
        Gen.OneOf(RunState.Succeeded, RunState.Failed, RunState.Cancelled).Array[0, 30].Sample(history =>
        {
            var notification = Good(""" "on":["failed","recovered"] """);
            var told = history.Select((state, i) => OutcomeRules.Of(notification, state, OutcomeRules.Previous(history[..i].Reverse()), null)).ToList();
            var counted = history.Where(s => s != RunState.Cancelled).ToList();
            var recoveries = counted.Zip(counted.Skip(1)).Count(pair => pair == (RunState.Failed, RunState.Succeeded));
            return told.Count(t => t.Contains(NotificationOutcome.Recovered)) == recoveries
                && told.Count(t => t.Contains(NotificationOutcome.Failed)) == counted.Count(s => s == RunState.Failed)
                && history.Zip(told).All(pair => pair.First != RunState.Cancelled || pair.Second.Count == 0);
        });

    [Fact]
    public void Runs_that_go_on_or_were_cancelled_say_nothing_of_the_pipeline()
    {
        Assert.Equal(RunState.Failed, OutcomeRules.Previous([RunState.Cancelled, RunState.Running, RunState.Pending, RunState.Failed, RunState.Succeeded]));
        Assert.Null(OutcomeRules.Previous([RunState.Cancelled]));
        Assert.Null(OutcomeRules.Previous([]));
    }

    [Fact]
    public void A_run_is_overdue_after_its_moment_and_not_before() => Gen.Select(Any, Gen.Int[-5, 5]).Sample((notification, seconds) =>
    {
        var started = new DateTimeOffset(2027, 3, 28, 1, 30, 0, TimeSpan.Zero);
        if (OutcomeRules.OverdueAfter(notification, started) is not { } moment)
            return OutcomeRules.Of(notification, RunState.Running, null, TimeSpan.FromDays(365)).Count == 0;
        var told = OutcomeRules.Of(notification, RunState.Running, null, moment.AddSeconds(seconds) - started);
        return told.SequenceEqual(seconds > 0 ? [NotificationOutcome.LongerThan] : []);
    });

    private static string Told(string members, RunState state, RunState? previous, TimeSpan? took) =>
        string.Join(",", OutcomeRules.Of(Good(members), state, previous, took).Select(o => o.Word()));
}
