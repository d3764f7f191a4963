using System.Globalization;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>
/// Another reading of cron expressions, made to be compared with: sets of numbers, a day at a time, and instants minute by minute where a clock changes. It is slow and
/// knows nothing of what it is compared with.
/// </summary>
internal sealed class CronOracle
{
    private static readonly string[] s_months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] s_days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly SortedSet<int> _seconds;
    private readonly SortedSet<int> _minutes;
    private readonly SortedSet<int> _hours;
    private readonly SortedSet<int> _months;
    private readonly List<Func<DateOnly, bool>> _daysOfMonth;
    private readonly List<Func<DateOnly, bool>> _daysOfWeek;

    public CronOracle(string expression)
    {
        var fields = expression.Split(' ');
        if (fields.Length == 5) fields = ["0", .. fields];
        (_seconds, _minutes, _hours) = (Set(fields[0], 0, 59), Set(fields[1], 0, 59), Set(fields[2], 0, 23));
        _months = Set(fields[4], 1, 12, s_months);
        _daysOfMonth = [.. fields[3].Split(',').Select(DayOfMonth)];
        _daysOfWeek = [.. fields[5].Split(',').Select(DayOfWeek)];
    }

    /// <summary>Whether it fires in each hour of its days.</summary>
    public bool IsRhythm => _hours.Count == 24;

    /// <summary>The wall-clock times from one on, until no day has any before <paramref name="end"/>.</summary>
    public IEnumerable<DateTime> From(DateTime from, DateTime end)
    {
        for (var day = DateOnly.FromDateTime(from); day < DateOnly.FromDateTime(end); day = day.AddDays(1))
        {
            if (!Has(day)) continue;
            foreach (var hour in _hours)
            {
                foreach (var minute in _minutes)
                {
                    foreach (var second in _seconds)
                    {
                        var time = day.ToDateTime(new TimeOnly(hour, minute, second));
                        if (time >= from) yield return time;
                    }
                }
            }
        }
    }

    /// <summary>
    /// The instants of a zone between two at which it fires, whose policy is a word of the guide: each minute is asked what the clock shows, whether it showed that before, and
    /// what it left out since the last one.
    /// </summary>
    public IReadOnlyList<DateTime> Between(DateTime from, DateTime end, TimeSpan longestChange, TimeZoneInfo zone, string policy)
    {
        var fires = new SortedSet<DateTime>();
        var shown = new HashSet<DateTime>();
        DateTime? before = null;
        for (var at = from - longestChange - TimeSpan.FromHours(1); at < end; at += TimeSpan.FromMinutes(1))
        {
            var local = DateTime.SpecifyKind(at + zone.GetUtcOffset(at), DateTimeKind.Unspecified);
            for (var left = before?.AddMinutes(1); left < local; left = left.Value.AddMinutes(1))
            {
                if (!Has(left.Value) || policy == "skip") continue;
                // The clock as it went before the change would have shown it so many minutes after the last that it did show.
                var instant = policy == "once" ? at : at.AddMinutes(-1) + (left.Value - before!.Value);
                foreach (var second in policy == "once" ? new SortedSet<int> { 0 } : _seconds) fires.Add(instant.AddSeconds(second));
            }

            var isFirst = shown.Add(local);
            if (Has(local) && (isFirst || policy == "twice" || (IsRhythm && policy != "once"))) fires.UnionWith(_seconds.Select(s => at.AddSeconds(s)));
            before = local;
        }

        return [.. fires.Where(f => f >= from && f < end)];
    }

    private bool Has(DateTime minute) => _minutes.Contains(minute.Minute) && _hours.Contains(minute.Hour) && Has(DateOnly.FromDateTime(minute));

    private bool Has(DateOnly day) => _months.Contains(day.Month) && _daysOfMonth.Exists(d => d(day)) && _daysOfWeek.Exists(d => d(day));

    private static SortedSet<int> Set(string field, int first, int last, string[]? names = null) => [.. field.Split(',').SelectMany(i => Item(i, first, last, names))];

    /// <summary>One item of a list: <c>*</c>, a value, a range, which may go round the end, each with a step or without.</summary>
    private static IEnumerable<int> Item(string item, int first, int last, string[]? names = null)
    {
        var (range, step) = item.Split('/') is [var r, var s] ? (r, int.Parse(s, CultureInfo.InvariantCulture)) : (item, 0);
        var count = last - first + 1;
        var (low, high) = range switch
        {
            "*" or "?" => (first, last),
            _ when range.Split('-') is [var a, var b] => (Value(a, names, first), Value(b, names, first)),
            _ => (Value(range, names, first), step > 0 ? last : Value(range, names, first)),
        };
        if (high < low) high += count;
        for (var value = low; value <= high; value += Math.Max(1, step)) yield return first + ((value - first) % count);
    }

    private static int Value(string text, string[]? names, int first)
    {
        var named = Array.FindIndex(names ?? [], n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        return named >= 0 ? named + first : int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static Func<DateOnly, bool> DayOfMonth(string item)
    {
        if (item == "LW") return day => day == NearestWeekday(day, Days(day));
        if (item == "L") return day => day.Day == Days(day);
        if (item.StartsWith("L-", StringComparison.Ordinal)) return day => day.Day == Days(day) - int.Parse(item[2..], CultureInfo.InvariantCulture);
        if (item.EndsWith('W')) return day => int.Parse(item[..^1], CultureInfo.InvariantCulture) is var near && near <= Days(day) && day == NearestWeekday(day, near);
        var days = Set(item, 1, 31);
        return day => days.Contains(day.Day);
    }

    private static Func<DateOnly, bool> DayOfWeek(string item)
    {
        if (item.EndsWith('L')) return day => IsDay(day, item[..^1]) && day.Day + 7 > Days(day);
        if (item.Split('#') is [var of, var nth]) return day => IsDay(day, of) && (day.Day + 6) / 7 == int.Parse(nth, CultureInfo.InvariantCulture);
        var days = Week(item);
        return day => days.Contains((int)day.DayOfWeek);
    }

    private static bool IsDay(DateOnly day, string name) => (int)day.DayOfWeek == Value(name, s_days, 0) % 7;

    /// <summary>Sunday is 0 and 7: a step from a day on runs as far as 7, and a range may go round the end of the week.</summary>
    private static HashSet<int> Week(string item)
    {
        var isFromDay = item.Contains('/', StringComparison.Ordinal) && !item.Contains('-', StringComparison.Ordinal) && item[0] != '*';
        return [.. Item(isFromDay ? item.Replace("/", "-7/", StringComparison.Ordinal) : item, 0, 6, s_days)];
    }

    private static int Days(DateOnly day) => DateTime.DaysInMonth(day.Year, day.Month);

    private static DateOnly NearestWeekday(DateOnly month, int day)
    {
        var wanted = new DateOnly(month.Year, month.Month, day);
        return wanted.DayOfWeek switch
        {
            System.DayOfWeek.Saturday => wanted.AddDays(day == 1 ? 2 : -1),
            System.DayOfWeek.Sunday => wanted.AddDays(day == Days(month) ? -2 : 1),
            _ => wanted,
        };
    }
}
