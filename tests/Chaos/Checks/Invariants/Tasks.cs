using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Chaos.Checks.Invariants;

internal sealed class ChildrenFollowTheirParents : Invariant
{
    public override string Sentence => "A task ran only as its parents' outcomes allow, after their end, and was skipped only where they do not";

    public override Task CheckAsync(Evidence evidence)
    {
        var notes = evidence.Journal.Notes.ToLookup(n => (n.Run, n.Task, n.What));
        foreach (var run in evidence.Ended)
        {
            var tasks = evidence.Tasks[run.Id].ToDictionary(t => t.Task);
            foreach (var task in tasks.Values.Where(t => run.Pipeline.ScriptOf(t.Task) is not null))
            {
                var id = run.Pipeline.Graph.Nodes[task.Task].Id;
                var blocked = run.Pipeline.Graph.ParentsOf(task.Task).Where(p => !Holds(p.Condition, tasks[p.Task].State)).Select(p => (int?)p.Task).FirstOrDefault();
                var starts = notes[(run.Id, id, "start")].ToList();
                if (task.State == TaskState.Skipped && (blocked is null || task.SkippedBy != blocked))
                {
                    Violated($"Task {id} of {run} was skipped by {task.SkippedBy}; the parent that blocks it is {blocked?.ToString() ?? "none"}.");
                }

                if (blocked is not null && (starts.Count > 0 || task.State is TaskState.Succeeded or TaskState.Failed))
                {
                    Violated($"Task {id} of {run} ({run.Id}) ran and is {task.State}, though its parent {blocked} came to {tasks[blocked.Value].State}.");
                }

                // Of a matrix each instance is a parent, and of one that is tried again each attempt.
                foreach (var parent in run.Pipeline.Graph.ParentsOf(task.Task).SelectMany(p => run.Pipeline.ContainersOf(p.Task)).Select(p => run.Pipeline.Graph.Nodes[p].Id))
                {
                    var ends = notes[(run.Id, parent, "end")].Concat(notes[(run.Id, parent, "stopped")]);
                    if (starts.Any(s => ends.Any(e => e.At > s.At))) Violated($"Task {id} of {run} ({run.Id}) started before its parent {parent} had ended.");
                }
            }
        }

        return Task.CompletedTask;
    }

    private static bool Holds(ParentCondition condition, TaskState outcome) => condition switch
    {
        ParentCondition.Success => outcome == TaskState.Succeeded,
        ParentCondition.Failure => outcome == TaskState.Failed,
        _ => outcome is TaskState.Succeeded or TaskState.Failed or TaskState.Skipped,
    };
}

/// <summary>The claim is committed, and only then the container started: the note of a start is younger than the write of its claim.</summary>
internal sealed class StartsFollowClaims : Invariant
{
    /// <summary>What two readings of one machine's clock may differ by.</summary>
    private static readonly TimeSpan s_resolution = TimeSpan.FromMilliseconds(1);

    public override string Sentence => "Nothing starts before its claim is written";

    public override Task CheckAsync(Evidence evidence)
    {
        var claims = new Dictionary<(Guid Run, int Task, int Attempt), DateTimeOffset>();
        foreach (var claim in evidence.Audit.Writes.Where(w => w.IsClaim))
        {
            var key = (claim.Run, claim.Task, claim.Attempt);
            if (!claims.TryGetValue(key, out var earlier) || claim.At < earlier) claims[key] = claim.At;
        }

        var runs = evidence.Runs.ToDictionary(r => r.Id);
        foreach (var start in evidence.Journal.Notes.Where(n => n.What == "start"))
        {
            if (!runs.TryGetValue(start.Run, out var run)) continue;
            var task = run.Pipeline.Graph.IndexOf(start.Task) ?? -1;
            // A claim that is not there yet may be one that the audit does not show before the end.
            var claimed = claims.TryGetValue((start.Run, task, start.Attempt), out var at);
            if (!claimed && evidence.Final) Violated($"Task {start.Task} of {run} ({run.Id}) started and was never claimed.");
            if (claimed && start.At < at - s_resolution) Violated($"Task {start.Task} of {run} ({run.Id}) started {(at - start.At).TotalMilliseconds:0} ms before its claim was written.");
        }

        return Task.CompletedTask;
    }
}

/// <summary>
/// What was claimed before a cancel may be on its way to start; its worker hears of the cancel within a third of the lease, and one that
/// hears nothing any more has no lease to start under. So no start comes later than a lease after the answer, and nothing is claimed to run.
/// </summary>
internal sealed class NothingStartsAfterCancel : Invariant
{
    public override string Sentence => "After an acknowledged cancel nothing starts but what was claimed before, and that within a lease";

    public override Task CheckAsync(Evidence evidence)
    {
        var claims = evidence.Audit.Writes.Where(w => w.IsFirstClaim).ToLookup(w => w.Run);
        foreach (var (run, acknowledged) in evidence.Clients.Cancelled)
        {
            foreach (var claim in claims[run].Where(c => c.At > acknowledged))
            {
                Violated($"Task {claim.Task} of {run} was claimed {(claim.At - acknowledged).TotalMilliseconds:0} ms after the cancel was acknowledged.");
            }
        }

        foreach (var start in evidence.Journal.Notes.Where(n => n.What == "start"))
        {
            if (evidence.Clients.Cancelled.TryGetValue(start.Run, out var acknowledged) && start.At > acknowledged + Install.GoferInstall.Lease)
            {
                Violated($"Task {start.Task} of {start.Run} started {(start.At - acknowledged).TotalMilliseconds:0} ms after the cancel was acknowledged.");
            }
        }

        return Task.CompletedTask;
    }
}
