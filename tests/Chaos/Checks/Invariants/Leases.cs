namespace Gofer.Tests.Chaos.Checks.Invariants;

internal sealed class FencesOnlyGrow : Invariant
{
    private int _judged;

    public override string Sentence => "A fence grows by one with each claim, with nothing else, and never falls";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var write in evidence.Audit.Writes.Skip(_judged))
        {
            if (write.FenceAfter != write.FenceBefore + (write.IsClaim ? 1 : 0))
            {
                Violated($"Task {write.Task} of {write.Run} went from {write.Before} to {write.After}, its fence from {write.FenceBefore} to {write.FenceAfter}.");
            }
        }

        _judged = evidence.Audit.Writes.Count;
        return Task.CompletedTask;
    }
}

/// <summary>No write under an old fence is accepted: who moves a task that somebody holds is the process that holds it.</summary>
internal sealed class OnlyTheHolderWrites : Invariant
{
    private int _judged;

    public override string Sentence => "A task that a worker holds is moved by that worker alone, which has a lease, or taken from it by a sweep";

    public override async Task CheckAsync(Evidence evidence)
    {
        var leases = evidence.Audit.Leases;
        foreach (var write in evidence.Audit.Writes.Skip(_judged))
        {
            var holder = write.HolderBefore is { } before ? leases.GetValueOrDefault(before)?.Process : null;
            if (write.HolderBefore is not null && !write.IsRequeue && holder != write.By)
            {
                Violated($"Task {write.Task} of {write.Run} was held by {holder ?? "an unknown worker"} and moved from {write.Before} to {write.After} by {write.By}.");
            }

            if (!write.IsClaim) continue;
            var lease = write.HolderAfter is { } after ? leases.GetValueOrDefault(after) : null;
            if (lease is null || lease.Process != write.By || lease.RemovedAt < write.At)
            {
                Violated($"Task {write.Task} of {write.Run} was claimed by {write.By} for {lease?.Process ?? "nobody"}, whose lease was taken at {lease?.RemovedAt:O}, at {write.At:O}.");
            }
        }

        _judged = evidence.Audit.Writes.Count;
        var orphans = await evidence.Connection.ListAsync(
            """
            select e.run_id, e.task, e.state from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id
            where e.worker_id is not null and not exists (select from gofer.workers w where w.id = e.worker_id)
            """,
            row => $"Task {row.GetInt32(1)} of {row.GetGuid(0)} is {row.GetString(2)} in the hands of a worker that is not registered.", evidence.Stopping);
        foreach (var orphan in orphans) Violated(orphan);
    }
}

internal sealed class LeasesAreTakenWhenTheyRanOut : Invariant
{
    public override string Sentence => "A sweep takes no lease that holds";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var lease in evidence.Audit.Leases.Values.Where(l => l.RemovedAt is not null && l.RemovedBy != l.Process))
        {
            if (lease.Until >= lease.RemovedAt)
            {
                Violated($"The lease of {lease.Process} was taken by {lease.RemovedBy} {(lease.Until.Value - lease.RemovedAt.Value).TotalMilliseconds:0} ms before its end.");
            }
        }

        return Task.CompletedTask;
    }
}

internal sealed class ParallelismHolds : Invariant
{
    public override string Sentence => "A pipeline's parallelism is never exceeded, by the tables and by the tasks' own times";

    public override async Task CheckAsync(Evidence evidence)
    {
        foreach (var pipeline in Load.ChaosPipeline.All.Where(p => p.Parallelism > 0))
        {
            var running = evidence.Runs.Count(r => r.Pipeline == pipeline && r.State == Domain.Runs.RunState.Running);
            if (running > pipeline.Parallelism) Violated($"{running} runs of {pipeline.Id} run at once; {pipeline.Parallelism} may.");
            var admitted = (await evidence.Connection.ListAsync(
                "select count(*) from gofer.active_runs a join gofer.pipelines p on p.id = a.pipeline_id where a.admitted and p.name = $1",
                row => row.GetInt64(0), evidence.Stopping, pipeline.Id)).Single();
            if (admitted > pipeline.Parallelism) Violated($"{admitted} runs of {pipeline.Id} hold a slot; there are {pipeline.Parallelism}.");

            var ids = evidence.Runs.Where(r => r.Pipeline == pipeline).Select(r => r.Id).ToHashSet();
            var times = evidence.Journal.Notes.Where(n => ids.Contains(n.Run)).GroupBy(n => n.Run).Select(g => (From: g.Min(n => n.At), To: g.Max(n => n.At))).ToList();
            var steps = times.Select(t => (t.From, By: 1)).Concat(times.Select(t => (From: t.To, By: -1))).OrderBy(s => s.From).ThenBy(s => s.By);
            var now = 0;
            foreach (var (at, by) in steps)
            {
                now += by;
                if (now > pipeline.Parallelism) Violated($"By their own notes {now} runs of {pipeline.Id} were at work at {at:O}.");
            }
        }
    }
}
