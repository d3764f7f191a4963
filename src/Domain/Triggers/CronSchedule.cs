using System.Diagnostics.CodeAnalysis;
using Cronos;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>
/// A cron expression. Cronos reads it and finds the times of the wall clock that it names; which instants those are is said here, by the policy for changes of the clock. No
/// instant fires twice, and each comes out in order.
/// </summary>
public sealed class CronSchedule
{
    /// <summary>The longest expression, in characters.</summary>
    public const int MaxLength = 255;

    /// <summary>How far back a change of the clock still moves times: no gap is longer than a day.</summary>
    private static readonly TimeSpan s_back = TimeSpan.FromHours(25);

    /// <summary>How far ahead a change is looked for; more than the two of the furthest offsets from UTC together.</summary>
    private static readonly TimeSpan s_ahead = TimeSpan.FromHours(30);

    /// <summary>No zone is further ahead of UTC: a wall-clock time taken as UTC lies at most so long after its instant.</summary>
    private static readonly TimeSpan s_furthest = TimeSpan.FromHours(15);

    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    /// <summary>Cronos ends before the year 2500; no offset is of interest so near the first year.</summary>
    private static readonly DateTime s_earliest = new(2, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly DateTime s_latest = new(2500, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly (TimeSpan Unit, int Count)[] s_units = [(TimeSpan.FromHours(1), 24), (TimeSpan.FromMinutes(1), 60), (TimeSpan.FromSeconds(1), 60)];
    private static readonly DateTime s_first = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly string[] s_macros = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every_minute", "@every_second"];
    private static readonly string[] s_fields = ["minute", "hour", "day of the month", "month", "day of the week"];
    private static readonly string[] s_allowed =
    [
        "0-59, with * , - /", "0-23, with * , - /", "1-31, with * , - / ?, or by itself one such as L LW L-3 15W", "1-12 or JAN-DEC, with * , - /",
        "0-7 or SUN-SAT (0 and 7 are Sunday), with * , - / ?, or by itself one such as 5L 1#2",
    ];

    private readonly CronExpression _times;
    private readonly bool _isRhythm;

    private CronSchedule(string text, CronExpression times) => (Text, _times, _isRhythm) = (text, times, FiresEveryHour(times));

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>
    /// Reads an expression of 5 fields, 6 with seconds first, or a word such as <c>@daily</c>; false, and the sentence why, where it is none or never fires.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronSchedule? schedule, [NotNullWhen(false)] out string? complaint)
    {
        ArgumentNullException.ThrowIfNull(text);
        (schedule, complaint) = (null, null);
        if (text.Length > MaxLength) complaint = $"The expression is {text.Length} characters long; at most {MaxLength} are allowed.";
        else if (string.IsNullOrWhiteSpace(text)) complaint = "The expression is empty; '0 3 * * *' is every day at 3:00.";
        else if (text.TrimStart().StartsWith('@')) complaint = ReadMacro(text.Trim(), ref schedule);
        else complaint = ReadFields(text, ref schedule);
        return schedule is not null;
    }

    /// <summary>The first fire strictly after that instant, in UTC; null where none comes.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset after, TimeZoneInfo zone, DstPolicy dst)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var from = after.UtcDateTime < s_earliest ? s_earliest : after.UtcDateTime;
        while (from < s_latest)
        {
            var (start, end) = (from - s_back, from + s_ahead);
            var (before, later) = (zone.GetUtcOffset(start), zone.GetUtcOffset(end));
            var found = before == later ? Next(from + before) - before : NextAround(ChangeBetween(zone, start, end), from, before, later, dst);
            if (found is not { } at) return null;
            if (at <= end) return new DateTimeOffset(at, TimeSpan.Zero);

            // The clock may be changed before that: it is looked at again from shortly before the instant, which that wall-clock time has whatever the offset.
            from = at + later - s_furthest;
        }

        return null;
    }

    /// <summary>How close two of its fires come on the wall clock, at most an hour: one and more is not told from more.</summary>
    public TimeSpan ShortestGap()
    {
        var shortest = TimeSpan.FromHours(1);
        if (_times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is not { } day) return shortest;
        // Its seconds, minutes and hours are the same on each of its days. What comes in another unit is as far away as that unit, less what lies between the first and last in one.
        var within = TimeSpan.Zero;
        var start = day.Date;
        List<(TimeSpan Unit, List<int> Steps)> units = [];
        foreach (var (unit, count) in s_units)
        {
            var steps = Steps(_times, start, unit, count);
            units.Add((unit, steps));
            start += unit * steps[0];
        }

        foreach (var (unit, steps) in Enumerable.Reverse(units))
        {
            for (var i = 1; i < steps.Count; i++) Least((unit * (steps[i] - steps[i - 1])) - within);
            within += unit * (steps[^1] - steps[0]);
        }

        var overnight = TimeSpan.FromDays(1) - within;
        if (overnight < shortest && TwoDaysFollow(day.Date)) shortest = overnight;
        return shortest;

        void Least(TimeSpan gap) => shortest = gap < shortest ? gap : shortest;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The first wall-clock time strictly after that one.</summary>
    private DateTime? Next(DateTime local) => _times.GetNextOccurrence(local);

    /// <summary>The first fire strictly after <paramref name="from"/>, where no change of the offset but one is near.</summary>
    private DateTime? NextAround(DateTime change, DateTime from, TimeSpan before, TimeSpan later, DstPolicy dst)
    {
        if (from < change && Next(from + before) - before is var regular && regular < change) return regular;

        // From here on the clock shows the later offset; a fire at the very change counts where it is still to come.
        var (isToCome, start) = (from < change, from < change ? change - s_tick : from);
        if (later < before)
        {
            var firesAgain = dst == DstPolicy.Twice || (_isRhythm && dst != DstPolicy.Once);
            var shown = change + before - s_tick;
            return Next(firesAgain || start + later > shown ? start + later : shown) - later;
        }

        var next = Next(start + later) - later;
        if (dst == DstPolicy.Skip || (dst == DstPolicy.Once && !isToCome)) return next;
        if (!(Next(start + before) is { } skipped && skipped < change + later)) return next;
        // With the offset from before the change, that is later by the length of the gap.
        var moved = dst == DstPolicy.Once ? change : skipped - before;
        return next < moved ? next : moved;
    }

    /// <summary>The first instant with the later offset, to the second: a wall clock shows no less.</summary>
    private static DateTime ChangeBetween(TimeZoneInfo zone, DateTime before, DateTime after)
    {
        var (low, high, old) = (before.Ticks / TimeSpan.TicksPerSecond, after.Ticks / TimeSpan.TicksPerSecond, zone.GetUtcOffset(before));
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (zone.GetUtcOffset(new DateTime(middle * TimeSpan.TicksPerSecond, DateTimeKind.Utc)) == old) low = middle;
            else high = middle;
        }

        return new DateTime(high * TimeSpan.TicksPerSecond, DateTimeKind.Utc);
    }

    /// <summary>Whether it fires in each hour of the days on which it fires: then it is a rhythm, which a repeated hour does not interrupt.</summary>
    private static bool FiresEveryHour(CronExpression times) =>
        times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is { } first && Steps(times, first.Date, TimeSpan.FromHours(1), 24).Count == 24;

    /// <summary>In which of so many units from there on it fires.</summary>
    private static List<int> Steps(CronExpression times, DateTime start, TimeSpan unit, int count) =>
        [.. Enumerable.Range(0, count).Where(i => times.GetNextOccurrence(start + (unit * i), TimeZoneInfo.Utc, inclusive: true) < start + (unit * (i + 1)))];

    /// <summary>Whether it ever fires on two days of which one follows the other. The calendar comes again after 28 years.</summary>
    private bool TwoDaysFollow(DateTime day)
    {
        for (var end = day.AddYears(29); day < end;)
        {
            if (_times.GetNextOccurrence(day.AddDays(1), TimeZoneInfo.Utc, inclusive: true) is not { } next) return false;
            if (next.Date == day.AddDays(1)) return true;
            day = next.Date;
        }

        return false;
    }

    private static string? ReadMacro(string text, ref CronSchedule? schedule)
    {
        if (text.Equals("@reboot", StringComparison.OrdinalIgnoreCase)) return "'@reboot' has no meaning here: nothing starts anew that a schedule could follow.";
        if (!s_macros.Contains(text, StringComparer.OrdinalIgnoreCase) || !CronExpression.TryParse(text, out var times))
        {
            return $"There is no {Shown.Quoted(text)}; there are {string.Join(", ", s_macros)}.{(Nearest.Of(text, s_macros) is { } near ? $" Did you mean '{near}'?" : "")}";
        }

        schedule = new CronSchedule(text, times);
        return null;
    }

    private static string? ReadFields(string text, ref CronSchedule? schedule)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length is not (5 or 6))
        {
            return fields.Length == 7
                ? "The expression has 7 fields; 5 are allowed, or 6 with seconds first. There is no field for the year."
                : $"The expression has {fields.Length} {(fields.Length == 1 ? "field" : "fields")}; 5 are allowed (minute, hour, day of the month, month, day of the week), or 6 with seconds first.";
        }

        var seconds = fields.Length == 6;
        var format = seconds ? CronFormat.IncludeSeconds : CronFormat.Standard;
        if (!CronExpression.TryParse(string.Join(' ', [.. fields[..^1], FromSunday(fields[^1])]), format, out var times)) return Wrong(fields, seconds, format);
        if (times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is null) return Never(fields, format);
        schedule = new CronSchedule(text, times);
        return null;
    }

    /// <summary>Why none of its days comes: both the day of the month and that of the week must fit.</summary>
    private static string Never(string[] fields, CronFormat format) =>
        CronExpression.Parse(string.Join(' ', [.. fields[..^1], "*"]), format).GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is null
            ? "The expression never fires: no month that it names has such a day."
            : "The expression never fires: both days must fit, and no such day of the month is such a day of the week.";

    /// <summary>Sunday as 0 where a range of days begins with it as 7: of those that have a step, Cronos leaves the Sunday out.</summary>
    private static string FromSunday(string days) => string.Join(',', days.Split(',').Select(d => d is ['7', '-', not '7', ..] ? "0" + d[1..] : d));

    /// <summary>The sentence on the first field that is wrong by itself.</summary>
    private static string Wrong(string[] fields, bool seconds, CronFormat format)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            var alone = Enumerable.Repeat("*", fields.Length).ToArray();
            alone[i] = fields[i];
            if (CronExpression.TryParse(string.Join(' ', alone), format, out _)) continue;
            var (name, allowed) = seconds && i == 0 ? ("second", "0-59, with * , - /") : (s_fields[seconds ? i - 1 : i], s_allowed[seconds ? i - 1 : i]);
            return $"The {name} is {Shown.Quoted(fields[i])}; it must be {allowed}.";
        }

        return "The fields do not go together.";
    }
}
