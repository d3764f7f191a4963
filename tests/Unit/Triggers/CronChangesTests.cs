using System.Diagnostics;
using System.Globalization;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>The instants of a cron expression near changes of the clock, asked for from everywhere around them and not only from fire to fire.</summary>
public sealed class CronChangesTests
{
    private static readonly DstPolicy[] s_policies = Enum.GetValues<DstPolicy>();

    /// <summary>Minutes, hours and days of the month of each, which say the same as the expression.</summary>
    private static readonly (string Text, Func<DateTime, bool> Names, bool IsRhythm)[] s_expressions =
    [
        ("30 2 * * *", t => t is { Hour: 2, Minute: 30 }, false),
        ("*/20 0-3 * * *", t => t.Minute % 20 == 0 && t.Hour <= 3, false),
        ("7 * * * *", t => t.Minute == 7, true),
        ("0,15,59 1,2,22 * * *", t => t.Minute is 0 or 15 or 59 && t.Hour is 1 or 2 or 22, false),
        ("*/10 * * * *", t => t.Minute % 10 == 0, true),
        ("45 23 30 * *", t => t is { Minute: 45, Hour: 23, Day: 30 }, false),
    ];

    [Theory]
    [InlineData("skip", "2027-03-27T01:30:00Z 2027-03-29T00:30:00Z", "2027-10-31T00:30:00Z 2027-11-01T01:30:00Z")]
    [InlineData("shift", "2027-03-27T01:30:00Z 2027-03-28T01:30:00Z 2027-03-29T00:30:00Z", "2027-10-31T00:30:00Z 2027-11-01T01:30:00Z")]
    [InlineData("once", "2027-03-27T01:30:00Z 2027-03-28T01:00:00Z 2027-03-29T00:30:00Z", "2027-10-31T00:30:00Z 2027-11-01T01:30:00Z")]
    [InlineData("twice", "2027-03-27T01:30:00Z 2027-03-28T01:30:00Z 2027-03-29T00:30:00Z", "2027-10-31T00:30:00Z 2027-10-31T01:30:00Z 2027-11-01T01:30:00Z")]
    public void Half_past_two_in_Berlin_fires_as_its_policy_says(string policy, string spring, string autumn)
    {
        var schedule = Parse("30 2 * * *");
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        Assert.Equal(spring, Fires(schedule, berlin, DstPolicies.Of(policy), At("2027-03-27T00:00:00Z"), At("2027-03-29T12:00:00Z")));
        Assert.Equal(autumn, Fires(schedule, berlin, DstPolicies.Of(policy), At("2027-10-30T12:00:00Z"), At("2027-11-01T12:00:00Z")));
    }

    [Theory]
    [InlineData("30 2 28 3 *", "2026-04-01T00:00:00Z", "skip", "2028-03-28T00:30:00Z")]
    [InlineData("30 2 28 3 *", "2026-04-01T00:00:00Z", "shift", "2027-03-28T01:30:00Z")]
    [InlineData("30 2 28 3 *", "2026-04-01T00:00:00Z", "once", "2027-03-28T01:00:00Z")]
    [InlineData("30 2 28 3 *", "2027-01-01T00:00:00Z", "once", "2027-03-28T01:00:00Z")]
    [InlineData("30 2 28 3 *", "2027-03-26T20:00:00Z", "once", "2027-03-28T01:00:00Z")]
    [InlineData("30 2 28 3 *", "2027-01-01T00:00:00Z", "twice", "2027-03-28T01:30:00Z")]
    [InlineData("30 2 31 10 *", "2026-11-01T00:00:00Z", "once", "2027-10-31T00:30:00Z")]
    [InlineData("30 2 31 10 *", "2027-06-01T00:00:00Z", "twice", "2027-10-31T00:30:00Z")]
    [InlineData("59 59 23 31 10 *", "2027-06-01T00:00:00Z", "shift", "2027-10-31T22:59:59Z")]
    public void A_change_is_met_from_far_away(string text, string after, string policy, string expected) =>
        Assert.Equal(At(expected), Parse(text).NextAfter(At(after), TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), DstPolicies.Of(policy)));

    [Theory]
    [InlineData("Pacific/Apia", "2011-12-30")]
    [InlineData("Australia/Lord_Howe", "2027-04-04")]
    [InlineData("Australia/Lord_Howe", "2027-10-03")]
    [InlineData("Asia/Pyongyang", "2015-08-15")]
    [InlineData("Asia/Pyongyang", "2018-05-05")]
    [InlineData("America/Caracas", "2016-05-01")]
    [InlineData("Europe/Istanbul", "2016-03-27")]
    [InlineData("Asia/Amman", "2022-10-28")]
    [InlineData("Africa/Juba", "2021-02-01")]
    [InlineData("Antarctica/Troll", "2027-03-28")]
    public void Every_change_is_met_from_everywhere_around_it(string zone, string day) =>
        Agrees(TimeZoneInfo.FindSystemTimeZoneById(zone), At($"{day}T00:00:00Z").UtcDateTime.AddDays(-3), At($"{day}T00:00:00Z").UtcDateTime.AddDays(3), new Random(1));

    [Fact]
    public void Every_zone_is_met_from_everywhere_around_its_changes()
    {
        var random = new Random(20271031);
        foreach (var zone in TimeZoneInfo.GetSystemTimeZones())
        {
            var year = random.Next(2015, 2038);
            Agrees(zone, new DateTime(year, 1, 5, 0, 0, 0, DateTimeKind.Utc), new DateTime(year, 12, 20, 0, 0, 0, DateTimeKind.Utc), random);
        }
    }

    [Theory]
    [InlineData("* * * * * *")]
    [InlineData("*/7 * * * * *")]
    [InlineData("* 2 * * *")]
    [InlineData("0 0 29 2 *")]
    [InlineData("0 0 29 2 MON")]
    public void A_call_costs_microseconds_near_a_change_too(string text)
    {
        var schedule = Parse(text);
        foreach (var (id, change) in new[] { ("Europe/Berlin", "2027-03-28T01:00:00Z"), ("Europe/Berlin", "2027-10-31T01:00:00Z"), ("Pacific/Apia", "2011-12-30T10:00:00Z") })
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
            var starts = Enumerable.Range(-30, 60).Select(h => At(change).AddHours(h)).ToArray();
            var calls = starts.SelectMany(s => s_policies.Select(p => (s, p))).ToArray();
            foreach (var (start, policy) in calls) schedule.NextAfter(start, zone, policy);
            var costs = calls.Select(c =>
            {
                var began = Stopwatch.GetTimestamp();
                schedule.NextAfter(c.s, zone, c.p);
                return Stopwatch.GetElapsedTime(began);
            }).Order().ToArray();
            // Far more than it takes, for a machine that does other things; these do not move the median.
            Assert.True(costs[costs.Length / 2] < TimeSpan.FromMicroseconds(200), $"{text} in {id}: {costs[costs.Length / 2].TotalMicroseconds} µs");
            Assert.True(costs[costs.Length * 9 / 10] < TimeSpan.FromMilliseconds(1), $"{text} in {id}: {costs[^1].TotalMicroseconds} µs at worst");
        }
    }

    [Fact]
    public void The_first_and_the_last_instants_are_no_exceptions()
    {
        foreach (var zone in TimeZoneInfo.GetSystemTimeZones().Where((_, i) => i % 20 == 0))
        {
            foreach (var policy in s_policies)
            {
                Assert.NotNull(Parse("* * * * *").NextAfter(DateTimeOffset.MinValue, zone, policy));
                Assert.Null(Parse("* * * * *").NextAfter(DateTimeOffset.MaxValue, zone, policy));
            }
        }
    }

    /// <summary>Compares what the schedule answers with what the rule comes to, over every change between the two times.</summary>
    private static void Agrees(TimeZoneInfo zone, DateTime from, DateTime to, Random random)
    {
        foreach (var change in Changes(zone, from, to))
        {
            var shown = new Dictionary<DateTime, List<DateTime>>();
            for (var t = change.AddHours(-60); t < change.AddHours(60); t = t.AddMinutes(1))
            {
                var local = t + zone.GetUtcOffset(t);
                if (shown.TryGetValue(local, out var times)) times.Add(t);
                else shown[local] = [t];
            }

            foreach (var (text, names, isRhythm) in s_expressions)
            {
                var schedule = Parse(text);
                foreach (var policy in s_policies)
                {
                    var fires = ByTheRule(zone, change, shown, names, isRhythm, policy);
                    for (var i = 0; i < 4; i++)
                    {
                        var asked = change.AddMinutes(random.Next(-28 * 60, 28 * 60)).AddSeconds(random.Next(2) * 30);
                        // A day or two without any is left to those that have some.
                        if (fires.FirstOrDefault(f => f > asked) is var expected && expected == default) continue;
                        var found = schedule.NextAfter(new DateTimeOffset(asked), zone, policy);
                        Assert.True(found?.UtcDateTime == expected, $"{text} in {zone.Id}, {policy}, after {asked:u}: {found:u}, not {expected:u} (change at {change:u})");
                        Assert.Equal(TimeSpan.Zero, found!.Value.Offset);
                    }
                }
            }
        }
    }

    /// <summary>The fires within 50 hours of a change, from the instants that show each local time.</summary>
    private static List<DateTime> ByTheRule(
        TimeZoneInfo zone, DateTime change, Dictionary<DateTime, List<DateTime>> shown, Func<DateTime, bool> names, bool isRhythm, DstPolicy policy)
    {
        var before = zone.GetUtcOffset(change.AddSeconds(-1));
        var fires = new SortedSet<DateTime>();
        for (var local = change.AddHours(-60) + before; local < change.AddHours(55) + before; local = local.AddMinutes(1))
        {
            if (!names(local)) continue;
            if (!shown.TryGetValue(local, out var times))
            {
                if (policy == DstPolicy.Once) fires.Add(change);
                else if (policy != DstPolicy.Skip) fires.Add(local - before);
                continue;
            }

            fires.Add(times[0]);
            if (times.Count == 2 && (policy == DstPolicy.Twice || (isRhythm && policy != DstPolicy.Once))) fires.Add(times[1]);
        }

        return [.. fires.Where(f => f > change.AddHours(-50) && f < change.AddHours(50))];
    }

    /// <summary>The first minutes that have another offset than the minute before.</summary>
    private static List<DateTime> Changes(TimeZoneInfo zone, DateTime from, DateTime to)
    {
        var changes = new List<DateTime>();
        for (var hour = from; hour < to; hour = hour.AddHours(6))
        {
            var old = zone.GetUtcOffset(hour);
            if (zone.GetUtcOffset(hour.AddHours(6)) == old) continue;
            var minute = hour;
            while (zone.GetUtcOffset(minute) == old) minute = minute.AddMinutes(1);
            changes.Add(minute);
        }

        return changes;
    }

    private static string Fires(CronSchedule schedule, TimeZoneInfo zone, DstPolicy policy, DateTimeOffset after, DateTimeOffset until)
    {
        var fires = new List<string>();
        for (var next = schedule.NextAfter(after, zone, policy); next < until; next = schedule.NextAfter(next.Value, zone, policy))
            fires.Add(next.Value.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        return string.Join(' ', fires);
    }

    private static CronSchedule Parse(string text)
    {
        Assert.True(CronSchedule.TryParse(text, out var schedule, out var complaint), complaint);
        return schedule;
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
