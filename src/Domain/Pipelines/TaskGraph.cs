namespace Gofer.Domain.Pipelines;

/// <summary>One edge into a task: the parent's index and what it must have come to.</summary>
public readonly record struct Parent(int Task, ParentCondition Condition);

/// <summary>
/// The tasks of one version by index (the document's order) with their edges in both directions. Built once per version and shared
/// by all its runs, which copy no edges.
/// </summary>
public sealed class TaskGraph
{
    private readonly Dictionary<string, int> _byId;
    private readonly Parent[][] _parents;
    private readonly int[][] _children;

    /// <summary>Builds the graph of a document that <see cref="DocumentReader"/> found good.</summary>
    /// <exception cref="KeyNotFoundException">A task names a parent that the document does not have.</exception>
    public TaskGraph(IReadOnlyList<TaskDefinition> tasks)
    {
        Tasks = tasks;
        _byId = new Dictionary<string, int>(tasks.Count, StringComparer.Ordinal);
        for (var i = 0; i < tasks.Count; i++) _byId.Add(tasks[i].Id, i);

        var children = new List<int>?[tasks.Count];
        _parents = new Parent[tasks.Count][];
        for (var i = 0; i < tasks.Count; i++)
        {
            _parents[i] = [.. tasks[i].DependsOn.Select(d => new Parent(_byId[d.Key], d.Value)).OrderBy(p => p.Task)];
            foreach (var parent in _parents[i]) (children[parent.Task] ??= []).Add(i);
        }

        _children = [.. children.Select(c => c?.ToArray() ?? [])];
    }

    /// <summary>The tasks in the document's order.</summary>
    public IReadOnlyList<TaskDefinition> Tasks { get; }

    /// <summary>How many tasks there are.</summary>
    public int Count => Tasks.Count;

    /// <summary>The task's parents in the document's order.</summary>
    public IReadOnlyList<Parent> ParentsOf(int task) => _parents[task];

    /// <summary>The tasks that wait for <paramref name="task"/>, in the document's order.</summary>
    public IReadOnlyList<int> ChildrenOf(int task) => _children[task];

    /// <summary>The index of the task of that id, or null.</summary>
    public int? IndexOf(string id) => _byId.TryGetValue(id, out var index) ? index : null;

    /// <summary>What <paramref name="child"/> asks of <paramref name="parent"/>.</summary>
    public ParentCondition ConditionOf(int child, int parent) => _parents[child].First(p => p.Task == parent).Condition;
}
