using Gofer.Tests.Chaos.Checks;
using Gofer.Tests.Chaos.Faults;

namespace Gofer.Tests.Chaos;

/// <summary>A task of a worker that was killed: how long it was until a sweep put it back, and until somebody claimed it.</summary>
/// <param name="Kill">The kill.</param>
/// <param name="PutBack">Until it was in the queue again; null where nothing says so.</param>
/// <param name="Took">Until it was claimed.</param>
/// <param name="Clear">Whether another worker was left alone meanwhile, so that it could.</param>
internal sealed record Reclaim(Injected Kill, TimeSpan? PutBack, TimeSpan Took, bool Clear);

/// <summary>What became of tasks whose worker was taken from them, by the audit and the log of faults.</summary>
internal sealed class History
{
    /// <summary>A reclaim within this of a kill is the engine's matter where a worker was left alone from <see cref="s_before"/> the kill on.</summary>
    private static readonly TimeSpan s_after = TimeSpan.FromSeconds(5);

    /// <summary>As long as a fault of some seconds lasts.</summary>
    private static readonly TimeSpan s_before = TimeSpan.FromSeconds(8);

    /// <summary>A requeue later than this after a fault of its worker has another cause.</summary>
    private static readonly TimeSpan s_reach = TimeSpan.FromSeconds(15);

    public History(Audit audit, FaultLog log)
    {
        var byTask = audit.Writes.GroupBy(w => (w.Run, w.Task)).Select(g => g.OrderBy(w => w.Id).ToArray()).ToList();
        var claims = audit.Writes.Where(w => w.IsClaim).Select(w => w.At).Order().ToArray();
        Recoveries = [.. log.All.Where(f => f.Fault == "Postgres restart").Select(f => Next(claims, f.At)).OfType<TimeSpan>()];
        Reclaims = [.. log.All.Where(f => f.Fault == "kill -9 of a worker").SelectMany(kill => Reclaimed(audit, byTask, kill, IsClear(audit, log, kill)))];
        Takeovers =
        [
            .. audit.Writes.Where(w => w.IsRequeue).GroupBy(w => Cause(audit, log, w)).Select(g => (g.Key, g.Count())).OrderByDescending(c => c.Item2),
        ];
    }

    /// <summary>
    /// From the kill of a worker until a task of its was claimed again, for each such task; and whether another worker was left alone meanwhile,
    /// so that it could.
    /// </summary>
    public IReadOnlyList<Reclaim> Reclaims { get; }

    /// <summary>From a Postgres fault to the first claim after it.</summary>
    public IReadOnlyList<TimeSpan> Recoveries { get; }

    /// <summary>Tasks that went back to the queue, each tied to the fault behind it.</summary>
    public IReadOnlyList<(string Cause, int Count)> Takeovers { get; }

    private static IEnumerable<Reclaim> Reclaimed(Audit audit, List<Write[]> byTask, Injected kill, bool clear)
    {
        foreach (var writes in byTask)
        {
            var last = Array.FindLastIndex(writes, w => w.At <= kill.At);
            if (last < 0 || writes[last].HolderAfter is not { } holder || audit.Leases.GetValueOrDefault(holder)?.Process != kill.Process) continue;
            var after = writes.Skip(last + 1).ToList();
            if (after.FirstOrDefault(w => w.IsClaim) is { } again) yield return new Reclaim(kill, after.FirstOrDefault(w => w.IsRequeue)?.At - kill.At, again.At - kill.At, clear);
        }
    }

    private static bool IsClear(Audit audit, FaultLog log, Injected kill)
    {
        var struck = log.All.Where(f => f != kill && f.At > kill.At - s_before && f.At < kill.At + s_after).Select(f => f.Process).ToHashSet();
        return !struck.Contains(null) && audit.Leases.Values.Any(
            l => l.Process != kill.Process && !struck.Contains(l.Process) && l.TakenAt < kill.At && (l.RemovedAt is null || l.RemovedAt > kill.At + s_after));
    }

    private static TimeSpan? Next(DateTimeOffset[] claims, DateTimeOffset after)
    {
        var place = Array.BinarySearch(claims, after);
        var next = place < 0 ? ~place : place;
        return next < claims.Length ? claims[next] - after : null;
    }

    private static string Cause(Audit audit, FaultLog log, Write requeue)
    {
        var process = audit.Leases.GetValueOrDefault(requeue.HolderBefore!.Value)?.Process;
        var near = log.All.Where(f => f.At <= requeue.At && requeue.At - f.At < s_reach).ToList();
        var cause = near.LastOrDefault(f => f.Process == process) ?? near.LastOrDefault(f => f.Process is null);
        return cause?.Fault ?? "nothing that was done to them";
    }
}
