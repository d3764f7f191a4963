using System.Globalization;

namespace Gofer.Domain.Pipelines;

/// <summary>One edge into a node: the parent's index and what it must have come to.</summary>
public readonly record struct Parent(int Task, ParentCondition Condition);

/// <summary>
/// One node of a graph: a plain task, one instance of a matrix task, or the join in which the instances end. A join has no container; it is
/// the matrix task as its children see it.
/// </summary>
/// <param name="Id">The id that people see: <c>extract</c>, <c>extract.1</c>; a join has the task's own.</param>
/// <param name="Definition">The task as the document has it.</param>
/// <param name="Matrix">The instance's values; null for others.</param>
/// <param name="IsJoin">Whether it is the join of instances.</param>
public sealed record GraphNode(string Id, TaskDefinition Definition, IReadOnlyDictionary<string, string>? Matrix, bool IsJoin);

/// <summary>
/// The tasks of one version by index (the document's order; a matrix task's instances, then their join) with their edges in both directions.
/// Built once per version and shared by all its runs, which copy no edges.
/// </summary>
public sealed class TaskGraph
{
    private readonly Dictionary<string, int> _byId = new(StringComparer.Ordinal);
    private readonly Parent[][] _parents;
    private readonly int[][] _children;

    /// <summary>Builds the graph of a document that <see cref="DocumentReader"/> found good.</summary>
    /// <exception cref="KeyNotFoundException">A task names a parent that the document does not have.</exception>
    public TaskGraph(IReadOnlyList<TaskDefinition> tasks)
    {
        var nodes = new List<GraphNode>(tasks.Count);
        var ends = new Dictionary<string, int>(tasks.Count, StringComparer.Ordinal); // where a task ends for its children
        foreach (var task in tasks)
        {
            if (task.Matrix.Count == 0)
            {
                nodes.Add(new GraphNode(task.Id, task, null, IsJoin: false));
            }
            else
            {
                var n = 0;
                foreach (var values in Pipelines.Matrix.InstancesOf(task.Matrix))
                {
                    nodes.Add(new GraphNode(string.Create(CultureInfo.InvariantCulture, $"{task.Id}.{++n}"), task, values, IsJoin: false));
                }

                nodes.Add(new GraphNode(task.Id, task, null, IsJoin: true));
            }

            ends.Add(task.Id, nodes.Count - 1);
        }

        Nodes = nodes;
        _parents = new Parent[nodes.Count][];
        var children = new List<int>?[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            if (!node.IsJoin) _byId.Add(node.Id, i);
            _parents[i] = node.IsJoin
                ? [.. Enumerable.Range(0, i).Reverse().TakeWhile(p => ReferenceEquals(nodes[p].Definition, node.Definition)).Reverse().Select(p => new Parent(p, ParentCondition.Any))]
                : [.. node.Definition.DependsOn.Select(d => new Parent(ends[d.Key], d.Value)).OrderBy(p => p.Task)];
            foreach (var parent in _parents[i]) (children[parent.Task] ??= []).Add(i);
        }

        _children = [.. children.Select(c => c?.ToArray() ?? [])];
    }

    /// <summary>The nodes; a task execution's key in its run is the index here.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>How many nodes there are.</summary>
    public int Count => Nodes.Count;

    /// <summary>The node's parents in the document's order.</summary>
    public IReadOnlyList<Parent> ParentsOf(int task) => _parents[task];

    /// <summary>The nodes that wait for <paramref name="task"/>, in the document's order.</summary>
    public IReadOnlyList<int> ChildrenOf(int task) => _children[task];

    /// <summary>The index of the task or instance of that id, or null; a join has no id of its own.</summary>
    public int? IndexOf(string id) => _byId.TryGetValue(id, out var index) ? index : null;

    /// <summary>The ids of tasks and instances, in the document's order.</summary>
    public IEnumerable<string> Ids => _byId.Keys;

    /// <summary>What <paramref name="child"/> asks of <paramref name="parent"/>.</summary>
    public ParentCondition ConditionOf(int child, int parent) => Array.Find(_parents[child], p => p.Task == parent).Condition;
}
