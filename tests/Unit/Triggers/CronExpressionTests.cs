using CsCheck;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Expressions mean what another reading of them says.</summary>
public sealed class CronExpressionTests
{
    private static readonly string[] s_months = ["JAN", "feb", "Mar", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "dec"];
    private static readonly string[] s_days = ["SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT"];

    private static readonly Gen<string> s_times = Gen.Select(Field(0, 59), Field(0, 23), (minute, hour) => $"{minute} {hour}");
    private static readonly Gen<string> s_daysOfMonth = Gen.Frequency(
        (6, Field(1, 31)), (2, Gen.Const("?")), (1, Gen.OneOf("L", "LW", "L-1", "L-7")), (1, Gen.Int[1, 31].Select(d => $"{d}W")));

    private static readonly Gen<string> s_daysOfWeek = Gen.Frequency(
        (4, Field(0, 7, s_days)), (3, Gen.Const("*")), (2, Gen.Const("?")), (1, Day().Select(d => $"{d}L")), (1, Gen.Select(Day(), Gen.Int[1, 5], (d, n) => $"{d}#{n}")));

    private static readonly Gen<string> s_seconds = Gen.OneOf(Gen.Const(""), Field(0, 59).Select(s => s + " "));
    private static readonly Gen<string> s_expressions = Gen.Select(s_seconds, s_times, s_daysOfMonth, Field(1, 12, s_months), s_daysOfWeek)
        .Select((seconds, times, day, month, week) => $"{seconds}{times} {day} {month} {week}");

    [Fact]
    public void Ten_thousand_random_expressions_fire_when_another_reading_of_them_says()
    {
        var never = 0;
        Gen.Select(s_expressions, Gen.Int[0, 40_000_000]).Sample(
            (expression, minutes) =>
            {
                var from = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(minutes / 2.0);
                var oracle = new CronOracle(expression);
                if (!CronSchedule.TryParse(expression, out var cron, out var complaint))
                {
                    Assert.StartsWith("The expression never fires: ", complaint, StringComparison.Ordinal);
                    Assert.Empty(oracle.From(new DateTime(2000, 1, 1), new DateTime(2041, 1, 1)));
                    Interlocked.Increment(ref never);
                    return;
                }

                var next = new DateTimeOffset(from);
                foreach (var expected in oracle.From(from, new DateTime(2098, 1, 1)).SkipWhile(t => t == from).Take(4))
                {
                    Assert.Equal(expected, cron.NextAfter(next, TimeZoneInfo.Utc, DstPolicy.Shift)?.UtcDateTime);
                    next = new DateTimeOffset(expected, TimeSpan.Zero);
                }
            },
            iter: 10_000);
        Assert.InRange(never, 1, 3000);
    }

    /// <summary>Sunday is 7 as well as 0, also where a range begins with it that has a step.</summary>
    [Theory]
    [InlineData("7-4/2", "0,2,4")]
    [InlineData("7-SAT/3", "0,3,6")]
    [InlineData("7-1", "0,1")]
    [InlineData("7-7", "0")]
    [InlineData("7", "0")]
    [InlineData("5/2", "5,0")]
    [InlineData("1,7-2/2", "1,0,2")]
    public void Sunday_is_a_day_by_both_of_its_numbers(string days, string list)
    {
        Assert.True(CronSchedule.TryParse($"0 0 * * {days}", out var one, out _));
        Assert.True(CronSchedule.TryParse($"0 0 * * {list}", out var other, out _));
        var (at, end) = (new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2027, 2, 1, 0, 0, 0, TimeSpan.Zero));
        while (at < end)
        {
            var next = one.NextAfter(at, TimeZoneInfo.Utc, DstPolicy.Shift);
            Assert.Equal(other.NextAfter(at, TimeZoneInfo.Utc, DstPolicy.Shift), next);
            at = next!.Value;
        }
    }

    /// <summary>The shortest time between two fires is counted over all of them, wherever in the day or the month they come so close.</summary>
    [Fact]
    public void The_shortest_gap_is_the_shortest_that_comes_in_a_year()
    {
        var clocks = Gen.Select(Few(0, 59, 3), Few(0, 59, 3), Few(0, 23, 4), (s, m, h) => $"{s} {m} {h}");
        Gen.Select(clocks, Gen.OneOf("*", "1", "1,31", "1-31/2", "10,12")).Sample(
            (clock, days) =>
            {
                var expression = $"{clock} {days} * *";
                Assert.True(CronSchedule.TryParse(expression, out var cron, out _));
                var fires = new CronOracle(expression).From(new DateTime(2001, 1, 1), new DateTime(2001, 2, 3)).ToList();
                var shortest = fires.Zip(fires.Skip(1), (one, two) => two - one).Append(TimeSpan.FromHours(1)).Min();
                Assert.Equal(shortest, cron.ShortestGap());
            },
            iter: 2_000);
    }

    [Theory]
    [InlineData("* * * * *", 60)]
    [InlineData("@every_second", 1)]
    [InlineData("@daily", 3600)]
    [InlineData("*/7 * * * * *", 4)] // from 56 to 60
    [InlineData("0,10,20,30,40,51 0,3-59/2 0-22/2,23 * * *", 9)] // at 23:00 only, the hour before having fired too
    [InlineData("0,55 0,59 0,2-20/2,23 1-31/2 * *", 5)] // at the end of long months only
    [InlineData("0,55 0,59 0,23 28,1 2,3 ?", 5)] // in the years that are no leap years
    [InlineData("0,55 0,59 0,23 29,1 2,3 ?", 5)] // in leap years only
    [InlineData("0,55 0,59 0,23 29,1 2,3 SAT,SUN", 5)] // in 2020, and then in 2048
    [InlineData("0,55 0,59 0,23 1,15 * ?", 55)]
    public void The_shortest_gap_is_found_where_it_is_rare(string expression, int seconds)
    {
        Assert.True(CronSchedule.TryParse(expression, out var cron, out var complaint), complaint);
        Assert.Equal(TimeSpan.FromSeconds(seconds), cron.ShortestGap());
    }

    [Fact]
    public void At_the_ends_of_time_nothing_comes_or_the_first()
    {
        Assert.True(CronSchedule.TryParse("30 2 * * *", out var cron, out _));
        foreach (var zone in (string[])["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
        {
            var at = TimeZoneInfo.FindSystemTimeZoneById(zone);
            Assert.Null(cron.NextAfter(DateTimeOffset.MaxValue, at, DstPolicy.Shift));
            Assert.NotNull(cron.NextAfter(DateTimeOffset.MinValue, at, DstPolicy.Shift));
        }
    }

    private static Gen<string> Few(int first, int last, int most) => Gen.Int[first, last].Array[1, most].Select(v => string.Join(',', v));

    private static Gen<string> Day() => Gen.OneOf(Gen.Int[0, 7].Select(d => $"{d}"), Gen.OneOf(s_days));

    /// <summary>A field: mostly <c>*</c> or one item, at times a list.</summary>
    private static Gen<string> Field(int first, int last, string[]? names = null)
    {
        var number = Gen.Int[first, last].Select(v => $"{v}");
        var value = names is null ? number : Gen.OneOf(number, Gen.OneOf(names));
        var range = Gen.Select(value, value, (a, b) => $"{a}-{b}");
        var step = Gen.Select(Gen.OneOf(value, range), Gen.Int[1, last], (r, s) => $"{r}/{s}");
        var item = Gen.Frequency((4, value), (2, range), (2, step));
        return Gen.Frequency((3, Gen.Const("*")), (2, Gen.Int[1, last].Select(s => $"*/{s}")), (5, item), (2, item.Array[2, 4].Select(i => string.Join(',', i))));
    }
}
