using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using static Gofer.Tests.Unit.Triggers.Definitions;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Which times a backfill has, and in which order it takes them.</summary>
public sealed class BackfillPlanTests
{
    private static readonly DateTimeOffset s_now = At("2027-06-01T12:00:00Z");

    [Theory]
    [InlineData("2027-01-01T00:00:00Z", "2027-01-04T00:00:00Z", "01 02 03")] // the first moment belongs to it, the last does not
    [InlineData("2027-01-01T00:00:00.000001Z", "2027-01-04T00:00:00.000001Z", "02 03 04")]
    [InlineData("2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z", "01")]
    public void The_times_are_those_from_the_first_moment_until_before_the_last(string from, string to, string days)
    {
        var times = Choose("@daily", from, to);
        Assert.Equal(days, string.Join(' ', times.Select(t => t.ToString("dd", null))));
        Assert.All(times, t => Assert.Equal(TimeSpan.Zero, t.TimeOfDay));
    }

    [Fact]
    public void The_newest_come_first_where_that_is_asked_for_and_a_limit_takes_the_first_of_what_is_left()
    {
        var all = Choose("@hourly", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z");
        Assert.Equal(24, all.Count);
        Assert.Equal(all.Order(), all);
        var reversed = Choose("@hourly", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", null, reverse: true);
        Assert.Equal(all.Reverse(), reversed);
        Assert.Equal(all.Take(5), Choose("@hourly", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", 5));
        Assert.Equal(reversed.Take(5), Choose("@hourly", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", 5, reverse: true));
        Assert.Equal(all, Choose("@hourly", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", 100));
    }

    /// <summary>Berlin's clock goes from 2:00 to 3:00 on 2027-03-28 at 01:00 UTC.</summary>
    [Theory]
    [InlineData("skip", "03-27T01:30 03-29T00:30")]
    [InlineData("shift", "03-27T01:30 03-28T01:30 03-29T00:30")]
    public void Over_a_change_of_the_clock_the_times_are_those_that_the_trigger_would_have_had(string dst, string expected)
    {
        var schedule = Good($$"""{"id":"t","type":"cron","expression":"30 2 * * *","zone":"Europe/Berlin","dst":"{{dst}}"}""").Schedule!;
        var times = BackfillPlan.Choose(schedule, At("2027-03-27T00:00:00Z"), At("2027-03-30T00:00:00Z"), s_now, null, reverse: false).Value;
        Assert.Equal(expected, string.Join(' ', times.Select(t => t.UtcDateTime.ToString("MM-dd'T'HH:mm", null))));
    }

    [Fact]
    public void An_interval_has_the_times_that_its_anchor_gives_it_and_jitter_changes_none()
    {
        var schedule = Good("""{"id":"t","type":"interval","every":"6h","anchor":"2027-01-01T01:00:00Z","jitter":"1h"}""").Schedule!;
        var times = BackfillPlan.Choose(schedule, At("2026-12-31T00:00:00Z"), At("2027-01-02T00:00:00Z"), s_now, null, reverse: false).Value;
        Assert.Equal([1, 7, 13, 19], times.Select(t => t.Hour));
        Assert.Equal("/from", Refused(schedule, "2026-12-30T00:00:00Z", "2026-12-31T00:00:00Z").Pointer);
    }

    [Theory]
    [InlineData("@daily", "2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z", "/to", "to must be later than from, and 2027-01-01T00:00:00Z is not later than 2027-01-02T00:00:00Z.")]
    [InlineData("@daily", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "/to", "to must be later than from, and 2027-01-01T00:00:00Z is not later than 2027-01-01T00:00:00Z.")]
    [InlineData("@daily", "2027-01-01T00:00:00Z", "2027-06-01T12:00:00.000001Z", "/to", "to is 2027-06-01T12:00:00.000001Z, which has not come yet: what is to come the trigger runs by itself.")]
    [InlineData("@daily", "1969-12-31T00:00:00Z", "2027-01-01T00:00:00Z", "/from", "from must be 1970-01-01T00:00:00Z or later.")]
    [InlineData("@daily", "2027-01-01T00:00:01Z", "2027-01-01T23:00:00Z", "/from", "The schedule has no time from 2027-01-01T00:00:01Z until before 2027-01-01T23:00:00Z.")]
    [InlineData("* * * * *", "2027-01-01T00:00:00Z", "2027-01-07T22:41:00Z", "/to", "The schedule has 10,001 times in that span, and 10,000 are the most of one backfill. Take a shorter span.")]
    [InlineData("* * * * *", "1970-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "/to", "The schedule has more than 100,000 times in that span, and 10,000 are the most of one backfill. Take a shorter span.")]
    public void What_cannot_be_is_refused_with_its_place_and_in_words_that_say_the_numbers(string expression, string from, string to, string pointer, string message)
    {
        var fault = Refused(Schedule(expression), from, to);
        Assert.Equal((pointer, message), (fault.Pointer, fault.Message));
    }

    [Fact]
    public void As_many_times_as_there_may_be_are_taken()
    {
        var times = Choose("* * * * *", "2027-01-01T00:00:00Z", "2027-01-07T22:40:00Z");
        Assert.Equal(Backfill.MaxTimes, times.Count);
        Assert.Equal(At("2027-06-01T12:00:00Z").AddHours(-1), Assert.Single(Choose("@hourly", "2027-06-01T11:00:00Z", "2027-06-01T12:00:00Z"))); // now may be the end
    }

    private static ScheduleRule Schedule(string expression) => Good($$"""{"id":"t","type":"cron","expression":"{{expression}}"}""").Schedule!;

    private static IReadOnlyList<DateTimeOffset> Choose(string expression, string from, string to, int? limit = null, bool reverse = false) =>
        BackfillPlan.Choose(Schedule(expression), At(from), At(to), s_now, limit, reverse).Value;

    private static Fault Refused(ScheduleRule schedule, string from, string to) => Assert.Single(BackfillPlan.Choose(schedule, At(from), At(to), s_now, null, reverse: false).Error!.Faults!);
}
