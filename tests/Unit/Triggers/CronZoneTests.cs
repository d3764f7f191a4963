using System.Globalization;
using CsCheck;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>In every zone that the machine knows, around each change of its clock, each policy fires when a walk over the minutes says.</summary>
public sealed class CronZoneTests
{
    private static readonly DateTime s_from = new(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime s_end = new(2038, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly Lazy<IReadOnlyList<Change>> s_changes = new(() => [.. Changes()]);

    [Fact]
    public void Each_change_of_every_zone_is_as_a_walk_over_its_minutes_has_it()
    {
        var changes = s_changes.Value;
        Assert.True(changes.Count > 1000, $"{changes.Count} changes");
        for (var i = 0; i < changes.Count; i++)
        {
            var change = changes[i];
            // Inside of what is left out or comes again, the moment at which the clock jumps, and that to which.
            var inside = change.LowLocal + (change.Size / 2);
            var expression = (i % 4) switch
            {
                0 => $"{inside.Minute} {inside.Hour} * * *",
                1 => $"{change.LowLocal.Minute} {change.LowLocal.Hour},{change.HighLocal.Hour} * * *",
                2 => $"{inside.Minute} * * * *",
                _ => $"0,{inside.Minute} {inside.AddHours(-1).Hour}-{inside.AddHours(2).Hour} * * *",
            };
            foreach (var policy in Enum.GetValues<DstPolicy>()) Compare(change, expression, policy);
        }
    }

    [Fact]
    public void Random_expressions_fire_around_changes_as_a_walk_over_the_minutes_has_it()
    {
        var minutes = Gen.OneOf(Gen.Int[0, 59].Select(m => $"{m}"), Gen.OneOf("0", "30", "*/20", "15,45", "0,59", "20 30", "0,59 0,59"));
        var hours = Gen.OneOf(Gen.Const("*"), Gen.Int[-2, 3].Select(h => $"+{h}"), Gen.OneOf("*/2", "1-23/2", "0-23", "0,2", "22-3"));
        var days = Gen.OneOf("* * *", "* * ?", "*/2 * *", "* * SUN", "L * *", "? * SUN#2");
        Gen.Select(Gen.Int[0, s_changes.Value.Count - 1], minutes, hours, days, Gen.Enum<DstPolicy>()).Sample(
            (index, minute, hour, day, policy) =>
            {
                var change = s_changes.Value[index];
                if (hour.StartsWith('+')) hour = $"{change.LowLocal.AddHours(int.Parse(hour[1..], CultureInfo.InvariantCulture)).Hour}";
                Compare(change, $"{minute} {hour} {day}", policy);
            },
            iter: 3_000);
    }

    /// <summary>No year since 2015 had such a change.</summary>
    [Theory]
    [InlineData("Pacific/Apia", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Kwajalein", "1993-08-21T12:00:00Z")]
    public void A_day_that_a_zone_leaves_out_is_a_gap_like_others(string zone, string at)
    {
        var island = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var instant = DateTimeOffset.Parse(at, CultureInfo.InvariantCulture).UtcDateTime;
        var change = new Change(island, instant, island.GetUtcOffset(instant.AddMinutes(-1)), island.GetUtcOffset(instant));
        Assert.InRange(change.Size, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        foreach (var policy in Enum.GetValues<DstPolicy>())
        {
            foreach (var expression in (string[])["30 2 * * *", "0 * * * *", "*/20 5,17 * * *", "0 0 * * FRI", "0 12 L-1 * *"]) Compare(change, expression, policy);
        }
    }

    [Theory]
    [InlineData(DstPolicy.Skip, "2027-03-29T00:30:00Z")]
    [InlineData(DstPolicy.Shift, "2027-03-28T01:30:00Z")]
    [InlineData(DstPolicy.Once, "2027-03-28T01:00:00Z")]
    [InlineData(DstPolicy.Twice, "2027-03-28T01:30:00Z")]
    public void Half_past_two_in_Berlin_on_the_day_that_has_none(DstPolicy policy, string fires)
    {
        Assert.True(CronSchedule.TryParse("30 2 * * *", out var cron, out _));
        var next = cron.NextAfter(new DateTimeOffset(2027, 3, 27, 12, 0, 0, TimeSpan.Zero), TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), policy);
        Assert.Equal(fires, TriggerWriter.Text(next!.Value));
    }

    /// <summary>From a few hours before the change to a few after it, one fire after the other, and from instants between them.</summary>
    private static void Compare(Change change, string expression, DstPolicy policy)
    {
        Assert.True(CronSchedule.TryParse(expression, out var cron, out var complaint), complaint);
        var from = change.At - change.Size - TimeSpan.FromHours(3);
        var end = change.At + change.Size + TimeSpan.FromHours(3);
        var expected = new CronOracle(expression).Between(from, end, change.Size, change.Zone, DstPolicies.Of(policy));
        var actual = new List<DateTime>();
        for (var next = After(from.AddSeconds(-1)); next < end; next = After(next.Value)) actual.Add(next.Value);
        Assert.True(expected.SequenceEqual(actual), $"{change.Zone.Id}, {change.At:u}, '{expression}', {policy}: {Text(expected)} is expected, it is {Text(actual)}");
        foreach (var fire in expected.Take(20))
        {
            Assert.Equal(fire, After(fire.AddTicks(-1)));
            if (expected.Any(f => f > fire.AddMinutes(7))) Assert.Equal(expected.First(f => f > fire.AddMinutes(7)), After(fire.AddMinutes(7)));
        }

        DateTime? After(DateTime instant) => cron.NextAfter(new DateTimeOffset(instant, TimeSpan.Zero), change.Zone, policy)?.UtcDateTime;
    }

    private static string Text(IEnumerable<DateTime> times) => $"[{string.Join(' ', times.Select(t => t.ToString("MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture)))}]";

    /// <summary>Every change of every zone once: zones that differ in name only are one.</summary>
    private static IEnumerable<Change> Changes()
    {
        var seen = new HashSet<string>();
        foreach (var zone in TimeZoneInfo.GetSystemTimeZones().DistinctBy(z => z.Id))
        {
            var changes = new List<Change>();
            var before = zone.GetUtcOffset(s_from);
            for (var at = s_from; at < s_end; at = at.AddDays(5))
            {
                var offset = zone.GetUtcOffset(at);
                if (offset == before) continue;
                var (low, high) = (at.AddDays(-5), at);
                while (high - low > TimeSpan.FromMinutes(1))
                {
                    var middle = low.AddMinutes(Math.Floor((high - low).TotalMinutes / 2));
                    if (zone.GetUtcOffset(middle) == before) low = middle;
                    else high = middle;
                }

                changes.Add(new Change(zone, high, before, offset));
                before = offset;
            }

            if (!seen.Add(string.Join(' ', changes.Select(c => $"{c.At:u}{c.Before}{c.After}")))) continue;
            foreach (var change in changes) yield return change;
        }
    }

    /// <summary>A change of a zone's offset, and what the clock showed around it.</summary>
    private sealed record Change(TimeZoneInfo Zone, DateTime At, TimeSpan Before, TimeSpan After)
    {
        public TimeSpan Size => (After - Before).Duration();

        /// <summary>The first time that is left out or comes again.</summary>
        public DateTime LowLocal => At + (Before < After ? Before : After);

        /// <summary>The first time behind them.</summary>
        public DateTime HighLocal => LowLocal + Size;
    }
}
