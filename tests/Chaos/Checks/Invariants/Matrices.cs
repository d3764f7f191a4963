using Gofer.Domain.Runs;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>
/// That children of a matrix start after all of its instances is for <see cref="ChildrenFollowTheirParents"/>, that each instance ran or was
/// skipped as its parents and its script say, for the others that are about tasks.
/// </summary>
internal sealed class MatricesComeTogether : Invariant
{
    private static readonly string[] s_ends = [EventTypes.TaskSucceeded, EventTypes.TaskFailed, EventTypes.TaskCancelled, EventTypes.TaskSkipped];

    public override string Sentence => "A matrix ends after the last of its instances and comes to the worst of them; all of them are skipped or none";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var run in evidence.Ended)
        {
            var tasks = evidence.Tasks[run.Id].ToDictionary(t => t.Task);
            if (tasks.Count != run.Pipeline.Graph.Count) Violated($"Run {run} ({run.Id}) has {tasks.Count} tasks, its graph has {run.Pipeline.Graph.Count}.");
            foreach (var join in tasks.Values.Where(t => run.Pipeline.ScriptOf(t.Task) is null))
            {
                var id = run.Pipeline.Graph.Nodes[join.Task].Id;
                var instances = run.Pipeline.ContainersOf(join.Task).Select(i => tasks[i]).ToList();
                var worst = new[] { TaskState.Cancelled, TaskState.Failed, TaskState.Skipped, TaskState.Succeeded }.FirstOrDefault(s => instances.Exists(i => i.State == s));
                if (join.State != worst)
                {
                    Violated($"The matrix {id} of {run} ({run.Id}) is {join.State}; its instances are {string.Join(", ", instances.Select(i => i.State))}.");
                }

                // Clocks of workers differ by little, so it is the order of the events that says which instance was the last.
                var last = evidence.Events[run.Id].LastOrDefault(e => s_ends.Contains(e.Type) && instances.Exists(i => i.Task == e.Task));
                if (join.EndedAt != last?.At) Violated($"The matrix {id} of {run} ({run.Id}) ended at {join.EndedAt:O}, its last instance at {last?.At:O}.");
                if (join.Fence > 0 || join.Attempt > 0) Violated($"The matrix {id} of {run} ({run.Id}) was claimed itself.");
                var skipped = instances.Count(i => i.State == TaskState.Skipped);
                if (skipped > 0 && instances.Any(i => i.State is not (TaskState.Skipped or TaskState.Cancelled)))
                {
                    Violated($"Of the matrix {id} of {run} ({run.Id}) {skipped} of {instances.Count} instances were skipped.");
                }
            }
        }

        return Task.CompletedTask;
    }
}
