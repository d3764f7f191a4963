using System.Diagnostics;

namespace Gofer.Bench;

/// <summary>A number of callers that each do one thing after the other until all is done.</summary>
internal static class Callers
{
    /// <summary>Actions a second; each gets its number.</summary>
    public static async Task<double> RateAsync(int callers, int actions, Func<int, Task> action)
    {
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var mine && mine < actions) await action(mine);
        })));
        return actions / clock.Elapsed.TotalSeconds;
    }
}
