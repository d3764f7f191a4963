using System.Globalization;
using Gofer.Tests.Chaos.Checks;
using Gofer.Tests.Chaos.Checks.Invariants;
using Gofer.Tests.Chaos.Faults;
using Gofer.Tests.Chaos.Install;
using Gofer.Tests.Chaos.Load;

namespace Gofer.Tests.Chaos;

/// <summary>What happened, in figures, and what held; the last line counts the invariants.</summary>
internal sealed class Report(
    TextWriter output, Settings settings, GoferInstall install, FaultPlan plan, FaultLog log, ClientJournal clients, TaskJournal journal, Checker checker,
    IReadOnlyList<Invariant> invariants, DrainsInTime drain)
{
    private const int Shown = 5;

    /// <summary>What a reclaim takes where nothing else is in its way: the lease, a sweep, and a claim.</summary>
    private static readonly TimeSpan s_prompt = GoferInstall.Lease + TimeSpan.FromSeconds(2);

    /// <summary>Writes it; the exit code.</summary>
    public int Write(TimeSpan took)
    {
        var profile = settings.Profile;
        output.WriteLine();
        foreach (var fault in plan.Classes) Line(fault.Name, $"{fault.Fired} of {fault.Planned}");
        Line("cancels acknowledged", $"{clients.Cancelled.Count} of {profile.Cancels}");
        Line("duplicate requests", $"{clients.Duplicates} of {profile.Duplicates}");
        Line("runs", $"{clients.Acknowledged.Count} acknowledged, {clients.Sent.Count - clients.Acknowledged.Count} indeterminate, {profile.Runs} planned");
        Line("tasks", $"{journal.Notes.Count(n => n.What == "start")} started, {journal.Notes.Count(n => n.What == "stopped")} stopped");
        Line("mix", string.Join(", ", invariants.OfType<MixTookPlace>().SelectMany(m => m.Seen)));
        Line("processes", $"{install.Nodes.Sum(n => n.Generation)} started, {install.Nodes.Sum(n => n.FailedStarts)} of them ended before they worked");
        Line("checks", $"{checker.Passes} passes, {checker.Missed} while Postgres was away, {checker.Audit.Writes.Count} writes followed");
        var history = new History(checker.Audit, log);
        Line("reclaim after a worker's kill", Spread([.. history.Reclaims.Select(r => r.Took)]));
        Line("  where a worker was left alone", Spread([.. history.Reclaims.Where(r => r.Clear).Select(r => r.Took)]));
        foreach (var slow in history.Reclaims.Where(r => r.Took > s_prompt).GroupBy(r => r.Kill)) Line("  slow", Slow(slow.Key, [.. slow]));

        Line("first claim after a Postgres fault", Spread(history.Recoveries));
        Line("tasks taken over", string.Join(", ", history.Takeovers.Select(t => $"{t.Count} after {t.Cause}")));
        Line("longest idle transaction seen", string.Create(CultureInfo.InvariantCulture, $"{checker.LongestIdle.TotalSeconds:0.0} s"));
        Line("drain", drain.Took is { } time ? $"{time.TotalSeconds:0.0} s" : "none");
        Line("took", $"{took.TotalSeconds:0} s, seed {settings.Seed.ToString(CultureInfo.InvariantCulture)}");
        output.WriteLine();
        foreach (var invariant in invariants)
        {
            output.WriteLine($"{(invariant.Violations.Count == 0 ? "holds " : "BROKEN")}  {invariant.Sentence}");
            foreach (var violation in invariant.Violations.Take(Shown)) output.WriteLine($"          {violation}");
            if (invariant.Violations.Count > Shown) output.WriteLine($"          and {invariant.Violations.Count - Shown} more");
        }

        var broken = invariants.Count(i => i.Violations.Count > 0);
        output.WriteLine($"{invariants.Count - broken} passed, {broken} failed");
        return broken == 0 ? 0 : 1;
    }

    private void Line(string name, string value) => output.WriteLine($"{name,-38} {value}");

    /// <summary>Which part of it took how long, and what else struck meanwhile.</summary>
    private string Slow(Injected kill, IReadOnlyList<Reclaim> slow)
    {
        var until = kill.At + slow.Max(s => s.Took);
        var beside = log.All.Where(f => f != kill && f.At > kill.At - s_prompt && f.At < until)
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Fault}{(f.Process is null ? "" : $" ({f.Process})")} at {(f.At - kill.At).TotalSeconds:+0.0;-0.0} s"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{slow.Count} tasks of {kill.Process}, killed at {kill.At:T}: put back after {slow.Max(s => s.PutBack)?.TotalSeconds ?? 0:0.0} s, claimed after {slow.Max(s => s.Took).TotalSeconds:0.0} s; beside it {string.Join(", ", beside)}");
    }

    private static string Spread(IReadOnlyList<TimeSpan> times)
    {
        if (times.Count == 0) return "none";
        var sorted = times.Select(t => t.TotalSeconds).Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"p50 {sorted[sorted.Length / 2]:0.0} s, p99 {sorted[(int)(0.99 * (sorted.Length - 1))]:0.0} s, longest {sorted[^1]:0.0} s, {sorted.Length} of them");
    }
}
