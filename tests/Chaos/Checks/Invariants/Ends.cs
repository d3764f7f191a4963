using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Install;

namespace Gofer.Tests.Chaos.Checks.Invariants;

internal sealed class NobodyFallsByItself : Invariant
{
    public override string Sentence => "No process ends that nobody ended, and one that is asked to stop ends well";

    public override Task CheckAsync(Evidence evidence)
    {
        lock (evidence.Install.Fallen)
        {
            foreach (var fallen in evidence.Install.Fallen) Violated(fallen);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Looks at the end only, after the drain.</summary>
internal sealed class NothingIsLeft : Invariant
{
    /// <summary>A worker killed in the last moment keeps its lease for its length, and what a sweep then finds takes a moment.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override string Sentence => "After the drain there is no queue row, no active run, no slot, no held task, no timer, no process of a task, no lease but those of the living workers";

    public override async Task CheckAsync(Evidence evidence)
    {
        if (!evidence.Final) return;
        foreach (var table in new[] { "ready_tasks", "active_runs", "slots", "held_tasks", "timers" })
        {
            var left = (await evidence.Connection.ListAsync($"select count(*) from gofer.{table}", row => row.GetInt64(0), evidence.Stopping)).Single();
            if (left > 0) Violated($"{left} rows of {table} are left.");
        }

        var leases = await evidence.Connection.ListAsync("select name from gofer.workers order by name", row => row.GetString(0), evidence.Stopping);
        var living = evidence.Install.Workers.Select(w => w.ProcessName).Order(StringComparer.Ordinal).ToList();
        if (!leases.SequenceEqual(living)) Violated($"There are leases of {string.Join(", ", leases)}; alive are {string.Join(", ", living)}.");
        foreach (var pid in Leftovers.Of(evidence.Install.Root)) Violated($"Process {pid} of a task lives on.");
    }
}

internal sealed class DrainsInTime(TimeSpan limit) : Invariant
{
    /// <summary>How long it took from the last fault until nothing was active; null where it did not come to that.</summary>
    public TimeSpan? Took { get; set; }

    public override string Sentence => $"When the faults stop everything ends within {limit.TotalSeconds:0} s";

    public override Task CheckAsync(Evidence evidence)
    {
        if (evidence.Final && (Took is null || Took > limit)) Violated(Took is { } took ? $"It took {took.TotalSeconds:0.0} s." : "It did not end.");
        return Task.CompletedTask;
    }
}

/// <summary>A harness that injected nothing must not pass.</summary>
internal sealed class FaultsTookPlace(Profile profile) : Invariant
{
    private const double Least = 0.9;

    public override string Sentence => "Nine in ten of each class of faults took place";

    public override Task CheckAsync(Evidence evidence)
    {
        if (!evidence.Final) return Task.CompletedTask;
        foreach (var fault in evidence.Faults) Demand(fault.Name, fault.Fired, fault.Planned);
        Demand("acknowledged runs", evidence.Acknowledged.Count, profile.Runs);
        Demand("cancels", evidence.Clients.Cancelled.Count, profile.Cancels);
        Demand("duplicate requests", evidence.Clients.Duplicates, profile.Duplicates);
        return Task.CompletedTask;
    }

    private void Demand(string what, int fired, int planned)
    {
        if (fired < Least * planned) Violated($"Of {planned} planned there were {fired}: {what}.");
    }
}

/// <summary>Nor must one that never came upon what it checks: the least of each is about a third of what the smoke profile sees.</summary>
internal sealed class MixTookPlace(Profile profile) : Invariant
{
    private readonly List<string> _seen = [];

    /// <summary>How often each took place; empty before the last look.</summary>
    public IReadOnlyList<string> Seen => _seen;

    public override string Sentence => "Tasks were tried again, ran out of time, came together and waited for a slot";

    public override Task CheckAsync(Evidence evidence)
    {
        if (!evidence.Final) return Task.CompletedTask;
        var events = evidence.Runs.SelectMany(r => evidence.Events[r.Id]).ToLookup(e => e.Type);
        var tasks = evidence.Runs.SelectMany(r => evidence.Tasks[r.Id].Select(t => (Run: r, Task: t))).ToList();
        Demand("attempts followed by another", events[EventTypes.TaskRetried].Count(), profile.Runs / 8);
        var timeouts = tasks.Count(t => t.Task.Reason == Reasons.Timeout) + evidence.Runs.Sum(r => evidence.Attempts[r.Id].Count(a => a.Reason == Reasons.Timeout));
        Demand("timeouts of tasks", timeouts, profile.Runs / 40);
        Demand("timeouts of runs", events[EventTypes.RunTimedOut].Count(), profile.Runs / 80);
        Demand("matrices not cancelled", tasks.Count(t => t.Task.State != TaskState.Cancelled && t.Run.Pipeline.ScriptOf(t.Task.Task) is null), profile.Runs / 60);
        Demand("tasks held for a slot", events[EventTypes.TaskHeld].Count(), profile.Runs / 40);
        return Task.CompletedTask;
    }

    private void Demand(string what, int seen, int least)
    {
        _seen.Add($"{seen} {what}");
        if (seen < least) Violated($"There were {seen} {what}; {least} are the least.");
    }
}
