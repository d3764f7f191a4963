using System.Globalization;
using System.Text.RegularExpressions;
using Gofer.Domain.Triggers;
using Gofer.Tests.Support;
using static Gofer.Tests.Unit.Triggers.Definitions;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>The tables of the guide on schedules say what the code does, and hold what they must.</summary>
public sealed partial class ScheduleGuideTests
{
    private static readonly string s_guide = File.ReadAllText(Repository.PathOf("docs/guides/schedules.md"));

    [Fact]
    public void Every_expression_of_the_guide_fires_when_it_says()
    {
        var rows = Table("Expression", "Means", "Fires next");
        Assert.True(rows.Count > 15, $"{rows.Count} rows");
        foreach (var row in rows)
        {
            var schedule = Good($$"""{"id":"t","type":"cron","expression":"{{Code(row[0])}}"}""").Schedule!;
            var first = schedule.NextAfter(At("2027-01-01T00:00:00Z"))!.Value;
            Assert.Equal((row[0], row[2]), (row[0], $"{TriggerWriter.Text(first)}, {TriggerWriter.Text(schedule.NextAfter(first)!.Value)}"));
        }
    }

    [Fact]
    public void Every_expression_that_the_guide_calls_wrong_is_refused_in_its_words()
    {
        var rows = Table("Expression", "What is said");
        Assert.True(rows.Count > 10, $"{rows.Count} rows");
        foreach (var row in rows) IsRefused($$"""{"id":"t","type":"cron","expression":"{{Code(row[0])}}"}""", "/expression", Code(row[1]), whole: true);
    }

    [Fact]
    public void Every_policy_fires_in_Berlin_when_the_guide_says()
    {
        var rows = Table("Expression", "Day", "`skip`", "`shift`", "`once`", "`twice`");
        Assert.Equal(["30 2 * * * 2027-03-28", "30 2 * * * 2027-10-31", "0 * * * * 2027-03-28", "0 * * * * 2027-10-31"], rows.Select(r => $"{Code(r[0])} {r[1]}"));
        foreach (var row in rows)
        {
            var midnight = At(row[1] + "T00:00:00Z");
            foreach (var (policy, told) in DstPolicies.Words.Zip(row[2..]))
            {
                var schedule = Good($$"""{"id":"t","type":"cron","zone":"Europe/Berlin","dst":"{{policy}}","expression":"{{Code(row[0])}}"}""").Schedule!;
                var fires = Until(schedule, midnight.AddTicks(-1), midnight.AddHours(3).AddTicks(-1)).Select(f => f.ToString("HH:mm", CultureInfo.InvariantCulture));
                Assert.Equal((row[0], row[1], policy, told), (row[0], row[1], policy, Joined(fires)));
            }
        }
    }

    [Fact]
    public void Every_policy_for_what_was_missed_does_what_the_guide_says()
    {
        const string Columns = "Fires at ";
        string[] head = ["`catch_up`", $"{Columns}07:30:00", $"{Columns}07:00:30"];
        var rows = Table(head);
        Assert.Equal(["none", "last", "3", "all"], rows.Select(r => Code(r[0])));
        foreach (var row in rows)
        {
            var schedule = Good($$"""{"id":"t","type":"cron","expression":"0 * * * *","catch_up":"{{Code(row[0])}}"}""").Schedule!;
            for (var i = 1; i < head.Length; i++)
            {
                var now = At($"2027-01-01T{head[i][Columns.Length..]}Z");
                var pass = CatchUp.Decide(schedule.NextAfter, At("2027-01-01T03:00:00Z"), now, schedule.CatchUp, TimeSpan.FromMinutes(1), 100);
                Assert.Equal(5, pass.Times.Count);
                Assert.Equal(row[i], Joined(pass.Times.Where(t => t.Fires).Select(t => t.ScheduledFor.ToString("HH:mm", CultureInfo.InvariantCulture))));
            }
        }
    }

    [Fact]
    public void The_guide_has_each_policy_and_the_defaults_that_hold()
    {
        var policies = Table("`dst`", "A local time that does not exist", "A local time that comes twice");
        Assert.Equal(["`skip`", "`shift`, the default", "`once`", "`twice`"], policies.Select(r => r[0]));
        var plain = Good("""{"id":"t","type":"cron","expression":"@daily"}""").Schedule!;
        Assert.Equal(("UTC", DstPolicy.Shift, CatchUpPolicy.Last, TimeSpan.Zero), (plain.Zone, plain.Dst, plain.CatchUp, plain.Jitter));
        var example = ScheduleExample().Match(s_guide).Groups[1].Value;
        Assert.Equal(plain with { Cron = null, Zone = "Europe/Berlin" }, Good(example).Schedule! with { Cron = null });
    }

    /// <summary>The table of a backfill's options has each of the command's, in their order, with the numbers that hold.</summary>
    [Fact]
    public void The_guide_has_each_option_of_a_backfill_and_its_bounds()
    {
        var rows = Table("Option", "Where it is left away", "Says").ToDictionary(r => Code(r[0]));
        var options = Gofer.Cli.Commands.BackfillCommands.Make().Options;
        Assert.Equal(options.Select(o => o.Name), rows.Keys);
        Assert.Equal(options.Where(o => o.Required).Select(o => o.Name), rows.Where(r => r.Value[1] == "it must be given").Select(r => r.Key));
        Assert.Equal(Number(Backfill.DefaultParallel), rows["--parallel"][1]);
        Assert.EndsWith($": 1 to {Number(Backfill.MaxParallel)}", rows["--parallel"][2], StringComparison.Ordinal);
        Assert.EndsWith($": 1 to {Number(Backfill.MaxTimes)}", rows["--limit"][2], StringComparison.Ordinal);
        Assert.Contains($"may have up to {Number(Backfill.MaxTimes)} times, whatever `--limit` says, and a pipeline up to {Backfill.MaxActive} backfills", s_guide, StringComparison.Ordinal);
        Assert.Contains($"the lowest priority that there is, -{Gofer.Domain.Pipelines.DocumentLimits.Default.Priority}:", s_guide, StringComparison.Ordinal);

        static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
    }

    private static string Joined(IEnumerable<string> times) => string.Join(", ", times) is { Length: > 0 } some ? some : "none";

    private static IEnumerable<DateTimeOffset> Until(ScheduleRule schedule, DateTimeOffset after, DateTimeOffset end)
    {
        for (var next = schedule.NextAfter(after); next <= end; next = schedule.NextAfter(next.Value)) yield return next.Value;
    }

    /// <summary>The rows of the one table with that head.</summary>
    private static List<string[]> Table(params string[] head)
    {
        var lines = s_guide.Split('\n').ToList();
        var at = lines.IndexOf($"| {string.Join(" | ", head)} |");
        Assert.True(at >= 0, $"The guide has no table {string.Join(" | ", head)}.");
        return [.. lines.Skip(at + 2).TakeWhile(l => l.StartsWith('|')).Select(l => l.Trim('|', ' ').Split(" | "))];
    }

    private static string Code(string cell) => Assert.Single(InCode().Matches(cell)).Groups[1].Value;

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InCode();

    [GeneratedRegex(@"```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ScheduleExample();
}
