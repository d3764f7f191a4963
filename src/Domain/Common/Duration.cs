using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gofer.Domain.Common;

/// <summary>Durations as people write them: numbers with the units <c>ms s m h d</c>, such as <c>90s</c>, <c>1h30m</c>, <c>1.5h</c>.</summary>
public static partial class Duration
{
    /// <summary>What a duration looks like, as a regular expression without anchors.</summary>
    public const string Pattern = @"([0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h|d))+";

    private static readonly (string Unit, TimeSpan Length)[] s_units =
        [("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)), ("ms", TimeSpan.FromMilliseconds(1))];

    /// <summary>Reads a duration; false where the text is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text is null || !Written().IsMatch(text)) return false;
        var total = 0m;
        foreach (Match part in Part().Matches(text))
        {
            var unit = Array.Find(s_units, u => u.Unit == part.Groups[2].Value).Length;
            total += decimal.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture) * unit.Ticks;
        }

        if (total > TimeSpan.MaxValue.Ticks) return false;
        duration = TimeSpan.FromTicks((long)total);
        return true;
    }

    /// <summary>The one normal form, largest unit first, to the millisecond: <c>1h30m</c>; <c>0s</c> for nothing.</summary>
    public static string Text(TimeSpan duration)
    {
        var text = new StringBuilder();
        var rest = duration;
        foreach (var (unit, length) in s_units)
        {
            var count = rest.Ticks / length.Ticks;
            if (count == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            rest -= length * count;
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }

    [GeneratedRegex(@"\A" + Pattern + @"\z", RegexOptions.NonBacktracking)]
    private static partial Regex Written();

    [GeneratedRegex(@"([0-9.]+)(ms|s|m|h|d)")]
    private static partial Regex Part();
}
