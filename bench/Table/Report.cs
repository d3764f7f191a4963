using System.Globalization;

namespace Gofer.Bench.Table;

/// <summary>Collects the figures of all rounds and prints their medians; a ratio is the median of the rounds' ratios, never one of medians.</summary>
internal sealed class Report
{
    private static readonly string[] s_head = ["what", "unit", "Gofer", "other", "figure", "ratio", "to reach", "reached"];

    private readonly List<Line> _order = [];
    private readonly Dictionary<Line, List<(double Gofer, double? Other)>> _samples = [];
    private readonly Dictionary<Line, string> _gaps = [];

    public void Add(Line line, double gofer, double? other = null)
    {
        Know(line);
        _samples[line].Add((gofer, other));
        Console.Error.WriteLine($"  {line.What} ({line.Against}): {Figure(gofer)}{(other is { } o ? $" against {Figure(o)}" : "")} {line.Unit}");
    }

    /// <summary>A row that could not be measured says why, in place of being left out.</summary>
    public void Miss(Line line, string why)
    {
        Know(line);
        _gaps[line] = why;
        Console.Error.WriteLine($"  {line.What} ({line.Against}): not measured: {why}");
    }

    public void Print(TextWriter output)
    {
        List<string[]> rows = [s_head, .. _order.Select(Row)];
        var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length)).ToArray();
        rows.Insert(1, [.. widths.Select(w => new string('-', w))]);
        foreach (var row in rows) output.WriteLine($"| {string.Join(" | ", row.Select((cell, c) => cell.PadRight(widths[c])))} |");
        foreach (var (line, why) in _gaps) output.WriteLine($"not measured: {line.What} ({line.Against}): {why}");
    }

    public static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    public static double Percentile(IReadOnlyCollection<double> figures, double share) =>
        figures.Order().ElementAt(Math.Min(figures.Count - 1, (int)Math.Ceiling(share * figures.Count) - 1));

    private void Know(Line line)
    {
        if (_samples.TryAdd(line, [])) _order.Add(line);
    }

    private string[] Row(Line line)
    {
        var samples = _samples[line];
        if (samples.Count == 0) return [line.What, line.Unit, "", line.Against, "", "", line.Goal.ToString()!, "not measured"];
        var gofer = Median(samples.Select(s => s.Gofer));
        double? other = samples.All(s => s.Other is not null) ? Median(samples.Select(s => s.Other!.Value)) : null;
        double? ratio = other is null ? null : Median(samples.Select(s => s.Gofer / s.Other!.Value));
        var reached = line.Goal.IsReached(gofer, ratio) switch { true => "yes", false => "NO", null => "" };
        return [line.What, line.Unit, Figure(gofer), line.Against, other is { } o ? Figure(o) : "", ratio is { } r ? Figure(r) : "", line.Goal.ToString()!, reached];
    }

    private static string Figure(double figure) => figure.ToString(figure >= 1000 ? "#,0" : figure >= 100 ? "0" : figure >= 10 ? "0.#" : "0.###", CultureInfo.InvariantCulture);
}
