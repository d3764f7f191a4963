using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Cli.Terminal;

/// <summary>Plain aligned columns: easy to read, to cut and to grep. A row is a line, whatever somebody wrote into a cell.</summary>
internal static class Table
{
    /// <summary>A header and a row for each item; nothing but the header where there is none.</summary>
    public static void Write<T>(TextWriter output, IReadOnlyList<T> items, IReadOnlyList<(string Header, Func<T, string?> Cell)> columns)
    {
        var rows = items.Select(i => columns.Select(c => Shown.Line(c.Cell(i) ?? "")).ToArray()).Prepend([.. columns.Select(c => c.Header.ToUpperInvariant())]).ToList();
        var widths = Enumerable.Range(0, columns.Count).Select(c => rows.Max(r => r[c].Length)).ToArray();
        foreach (var row in rows) output.WriteLine(string.Join("  ", row.Select((cell, c) => cell.PadRight(widths[c]))).TrimEnd());
    }

    /// <summary>A length of time in two units at most.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0}s"),
        { TotalMinutes: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m{time.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes:00}m"),
    };

    /// <summary>How long something took, or has taken so far; empty before its start.</summary>
    public static string Duration(DateTimeOffset? from, DateTimeOffset? to, TimeProvider clock) =>
        from is { } start ? Duration((to ?? clock.GetUtcNow()) is var end && end > start ? end - start : TimeSpan.Zero) : "";

    /// <summary>A time, to the second, in UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
