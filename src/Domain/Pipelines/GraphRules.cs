using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>What makes tasks a graph that can be run: every id once, every parent there, and no task waiting for itself on any way.</summary>
internal static class GraphRules
{
    private const int ShownOfPath = 12;

    /// <summary>Reports every breach; takes time in proportion to tasks and edges.</summary>
    public static void Check(IReadOnlyList<TaskNode> nodes, FaultList faults)
    {
        var byId = new Dictionary<string, int>(nodes.Count, StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++)
        {
            var id = nodes[i].Task.Id;
            if (id.Length > 0 && !byId.TryAdd(id, i)) nodes[i].Id.Invalid($"Task {Shown.Quoted(id)} is defined twice.");
        }

        var parents = nodes.Select(n => Parents(n, byId, faults)).ToArray();
        foreach (var cycle in Cycles.Find(parents))
        {
            var names = cycle.Append(cycle[0]).Select(i => Shown.Of(nodes[i].Task.Id)).ToList();
            var second = nodes[cycle[1]].Task.Id;
            nodes[cycle[0]].Parents.First(p => p.Name == second).Invalid($"Tasks form a cycle, each waiting for the next: {Path(names)}.");
        }
    }

    private static int[] Parents(TaskNode node, Dictionary<string, int> byId, FaultList faults)
    {
        var parents = new List<int>(node.Parents.Count);
        foreach (var parent in node.Parents)
        {
            if (parent.Name == node.Task.Id) parent.Invalid($"Task {Shown.Quoted(parent.Name)} depends on itself.");
            else if (byId.TryGetValue(parent.Name, out var index)) parents.Add(index);
            else if (parent.Name.LastIndexOf('.') is > 0 and var dot && byId.ContainsKey(parent.Name[..dot]))
            {
                parent.Invalid($"Task {Shown.Quoted(node.Task.Id)} depends on {Shown.Quoted(parent.Name)}; name the task, {Shown.Quoted(parent.Name[..dot])}, which means all of its instances.");
            }
            else parent.Invalid($"Task {Shown.Quoted(node.Task.Id)} depends on {Shown.Quoted(parent.Name)}, which does not exist.{faults.Suggest(parent.Name, byId.Keys)}");
        }

        return [.. parents];
    }

    private static string Path(List<string> names) => string.Join(" → ", names.Count <= ShownOfPath
        ? names
        : [.. names.Take(ShownOfPath / 2), $"… ({names.Count - ShownOfPath} more)", .. names.TakeLast(ShownOfPath / 2)]);
}
