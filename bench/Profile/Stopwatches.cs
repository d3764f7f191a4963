using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Gofer.Bench.Profile;

/// <summary>How often something was done, how long it took, and how much of it there was each time.</summary>
internal sealed class Stopwatches
{
    private readonly ConcurrentDictionary<string, ConcurrentBag<(double Milliseconds, double Size)>> _laps = new();

    /// <summary>Times an action; <paramref name="size"/> reads from its answer how much it did.</summary>
    public async Task<T> TimeAsync<T>(string what, Func<Task<T>> action, Func<T, double> size)
    {
        var began = Stopwatch.GetTimestamp();
        var answer = await action();
        _laps.GetOrAdd(what, _ => []).Add((Stopwatch.GetElapsedTime(began).TotalMilliseconds, size(answer)));
        return answer;
    }

    public void Print(TextWriter output)
    {
        foreach (var (what, laps) in _laps.OrderByDescending(l => l.Value.Sum(x => x.Milliseconds)))
        {
            var times = laps.Select(l => l.Milliseconds).Order().ToList();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {what,-40} {times.Count,7} times, {times.Sum() / 1000,7:0.00} s, median {times[times.Count / 2],7:0.00} ms, p99 {times[(int)(0.99 * (times.Count - 1))],7:0.00} ms, {laps.Average(l => l.Size),7:0.0} at a time"));
        }
    }
}
