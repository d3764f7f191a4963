using System.Collections.Concurrent;
using System.Diagnostics;

namespace Gofer.Bench.Engine;

/// <summary>How long roots of runs waited: from when their creation had been answered to when their claim had been.</summary>
internal sealed class Claims<TRun>
    where TRun : notnull
{
    private readonly ConcurrentDictionary<TRun, long> _created = new();
    private readonly ConcurrentDictionary<TRun, long> _claimed = new();

    public void Created(IEnumerable<TRun> runs)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var run in runs) _created[run] = now;
    }

    public void Claimed(TRun run) => _claimed.TryAdd(run, Stopwatch.GetTimestamp());

    /// <summary>Milliseconds; a claim that was heard of before the creator heard of its creation took none.</summary>
    public List<double> Waits() =>
        [.. _created.Where(c => _claimed.ContainsKey(c.Key)).Select(c => Math.Max(0, Stopwatch.GetElapsedTime(c.Value, _claimed[c.Key]).TotalMilliseconds))];
}
