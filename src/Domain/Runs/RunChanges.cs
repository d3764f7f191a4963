using System.Globalization;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Runs;

/// <summary>
/// A run with the executions that are loaded, and what changed in it since: what the engine writes. It records; the rules are the
/// <see cref="Run"/>'s.
/// </summary>
public abstract class RunChanges : RunHeader
{
    private static readonly IReadOnlyDictionary<string, string> s_noData = new Dictionary<string, string>();

    private protected RunChanges(RunId id, TaskGraph graph, IEnumerable<TaskExecution> tasks)
    {
        (Id, Graph) = (id, graph);
        Loaded = tasks.ToDictionary(t => t.Task);
    }

    /// <summary>The run.</summary>
    public RunId Id { get; }

    /// <summary>Its version's graph.</summary>
    public TaskGraph Graph { get; }

    /// <summary>The executions that are loaded.</summary>
    public IReadOnlyDictionary<int, TaskExecution> Tasks => Loaded;

    /// <summary>Executions changed since they were loaded, in index order.</summary>
    public IEnumerable<TaskExecution> Changed => ChangedTasks.Order().Select(t => Loaded[t]);

    /// <summary>Events added since the run was loaded.</summary>
    public IReadOnlyList<RunEvent> NewEvents => Events;

    /// <summary>Tasks that want a queue row, in the order in which they became ready.</summary>
    public IReadOnlyList<int> Enqueued => EnqueuedTasks;

    /// <summary>
    /// Ready tasks that are under a limit and have no slot yet. The engine answers each in the same transaction: <see cref="Run.Grant"/>, or
    /// <see cref="Run.Hold"/>.
    /// </summary>
    public IReadOnlyList<int> Wanting => WantingTasks;

    /// <summary>Tasks whose attempt ended and whose slots are free.</summary>
    public IReadOnlyCollection<int> Freed => FreedTasks;

    /// <summary>Tasks that no longer wait for a slot or for a retry's time.</summary>
    public IReadOnlyCollection<int> Unheld => UnheldTasks;

    /// <summary>Attempts that failed and are followed by another.</summary>
    public IReadOnlyList<FailedAttempt> FailedAttempts => Failures;

    /// <summary>What changed so far was taken in; from here on only what changes next is told. For a run that stays loaded.</summary>
    public void Forget()
    {
        ChangedTasks.Clear();
        Events.Clear();
        EnqueuedTasks.Clear();
        WantingTasks.Clear();
        FreedTasks.Clear();
        UnheldTasks.Clear();
        Failures.Clear();
    }

    private protected Dictionary<int, TaskExecution> Loaded { get; }

    private protected HashSet<int> ChangedTasks { get; } = [];

    private protected List<RunEvent> Events { get; } = [];

    private protected List<int> EnqueuedTasks { get; } = [];

    private protected List<int> WantingTasks { get; } = [];

    private protected HashSet<int> FreedTasks { get; } = [];

    private protected HashSet<int> UnheldTasks { get; } = [];

    private protected List<FailedAttempt> Failures { get; } = [];

    private protected void SayEnd(TaskExecution execution, DateTimeOffset now)
    {
        var data = new Dictionary<string, string>();
        if (execution.Reason is { } reason) data["reason"] = reason;
        if (execution.ExitCode is { } code) data["exit_code"] = code.ToString(CultureInfo.InvariantCulture);
        if (execution.SkippedBy is { } by) data["skipped_by"] = Graph.Nodes[by].Id;
        if (execution.Reused is { } source) data["reused_from"] = source.Number.ToString(CultureInfo.InvariantCulture);
        Say(
            execution.State switch
            {
                TaskState.Succeeded => EventTypes.TaskSucceeded,
                TaskState.Failed => EventTypes.TaskFailed,
                TaskState.Cancelled => EventTypes.TaskCancelled,
                _ => EventTypes.TaskSkipped,
            },
            now, execution, data);
    }

    private protected void Say(string type, DateTimeOffset now, TaskExecution? execution = null, IReadOnlyDictionary<string, string>? data = null)
    {
        if (execution is not null) ChangedTasks.Add(execution.Task);
        Events.Add(new RunEvent(++EventSeq, type, now, execution?.Task, execution?.Attempt, data ?? s_noData));
    }
}
