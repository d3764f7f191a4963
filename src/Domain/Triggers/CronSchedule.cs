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

    /// <summary>No zone is further from UTC than 14 hours: an instant lies between these two of the wall-clock time that it shows, taken as UTC.</summary>
    private static readonly TimeSpan s_before = TimeSpan.FromHours(15);

    private static readonly TimeSpan s_after = TimeSpan.FromHours(13);

    private static readonly DateTime s_first = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly string[] s_macros = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every_minute", "@every_second"];
    private static readonly string[] s_fields = ["minute", "hour", "day of the month", "month", "day of the week"];
    private static readonly string[] s_allowed =
    [
        "0-59, with * , - /", "0-23, with * , - /", "1-31, with * , - / ? L W", "1-12 or JAN-DEC, with * , - /", "0-7 or SUN-SAT (0 and 7 are Sunday), with * , - / ? L #",
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
        var from = after.UtcDateTime;
        DateTime? best = null;
        // The earliest wall-clock time whose instant may be later: where the clock is set back soon, an hour of it comes again.
        var (lowest, _) = Around(zone, from);
        for (var next = _times.GetNextOccurrence(from + lowest, TimeZoneInfo.Utc, inclusive: true); next is { } local; next = _times.GetNextOccurrence(local, TimeZoneInfo.Utc))
        {
            // What comes later on the wall clock comes no earlier than this.
            if (local - Around(zone, local).Highest > best) break;
            var (one, other) = InstantsOf(local, zone, dst);
            if (one > from && !(one >= best)) best = one;
            if (other > from && !(other >= best)) best = other;
        }

        return best is { } at ? new DateTimeOffset(at, TimeSpan.Zero) : null;
    }

    /// <summary>How close two of its fires come on the wall clock, at most <paramref name="enough"/>: an hour and more is not told from more.</summary>
    public TimeSpan ShortestGap()
    {
        // The seconds and minutes that it names are the same in each hour that it fires in, so two of its days say it all.
        var shortest = TimeSpan.FromHours(1);
        var before = _times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true);
        for (var i = 0; i < 200 && before is { } one && _times.GetNextOccurrence(one, TimeZoneInfo.Utc) is { } two; i++)
        {
            if (two - one < shortest) shortest = two - one;
            before = two;
        }

        return shortest;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The offsets that a zone has around there, which are one but near a change of them.</summary>
    private static (TimeSpan Lowest, TimeSpan Highest) Around(TimeZoneInfo zone, DateTime time)
    {
        var (earlier, later) = (zone.GetUtcOffset(time - s_before), zone.GetUtcOffset(time + s_after));
        return earlier < later ? (earlier, later) : (later, earlier);
    }

    /// <summary>The instants at which a wall-clock time fires: none, one, or two.</summary>
    private (DateTime? One, DateTime? Other) InstantsOf(DateTime local, TimeZoneInfo zone, DstPolicy dst)
    {
        var (earlier, later) = (zone.GetUtcOffset(local - s_before), zone.GetUtcOffset(local + s_after));
        if (earlier == later) return (local - earlier, null);
        // Not by what the zone says of invalid and ambiguous times, which knows daylight saving and not every other change of an offset.
        var (first, second) = (local - earlier, local - later);
        var (isFirst, isSecond) = (zone.GetUtcOffset(first) == earlier, zone.GetUtcOffset(second) == later);
        return (isFirst, isSecond) switch
        {
            (true, true) => dst == DstPolicy.Twice || (_isRhythm && dst != DstPolicy.Once) ? (first, second) : (first, null),
            (true, false) => (first, null),
            (false, true) => (second, null),
            // With the offset from before the change, that is later by the length of the gap.
            _ => dst switch
            {
                DstPolicy.Skip => (null, null),
                DstPolicy.Once => (ChangeBetween(zone, local - s_before, local + s_after), null),
                _ => (first, null),
            },
        };
    }

    /// <summary>The first instant with the later offset, to the second.</summary>
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
    private static bool FiresEveryHour(CronExpression times)
    {
        if (times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is not { } first) return false;
        return Enumerable.Range(0, 24).All(hour => times.GetNextOccurrence(first.Date.AddHours(hour), TimeZoneInfo.Utc, inclusive: true) is { } next && next < first.Date.AddHours(hour + 1));
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
        if (!CronExpression.TryParse(string.Join(' ', fields), format, out var times)) return Wrong(fields, seconds, format);
        if (times.GetNextOccurrence(s_first, TimeZoneInfo.Utc, inclusive: true) is null) return "The expression never fires: no month that it names has such a day.";
        schedule = new CronSchedule(text, times);
        return null;
    }

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
