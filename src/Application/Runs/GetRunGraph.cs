using System.Globalization;
using System.Text;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Draws a run: its tasks with their states and what connects them.</summary>
public sealed record GetRunGraph(RunPath Path) : IRequest<Result<GraphView>>;

/// <summary>A task in the drawing.</summary>
public sealed record NodeView(string Id, TaskState State, string? Reason, int? ExitCode);

/// <summary>A dependency in the drawing: <paramref name="To"/> waits for <paramref name="From"/>.</summary>
public sealed record EdgeView(string From, string To, ParentCondition Condition);

/// <summary>A run's graph.</summary>
public sealed record GraphView(IReadOnlyList<NodeView> Nodes, IReadOnlyList<EdgeView> Edges)
{
    /// <summary>The same as a Mermaid flowchart.</summary>
    public string ToMermaid()
    {
        var text = new StringBuilder("flowchart LR\n");
        var ids = Nodes.Select((n, i) => (n.Id, Name: string.Create(CultureInfo.InvariantCulture, $"t{i}"))).ToDictionary(p => p.Id, p => p.Name);
        foreach (var node in Nodes)
        {
            var state = node.State.ToString().ToLowerInvariant();
            text.Append(CultureInfo.InvariantCulture, $"  {ids[node.Id]}[\"{node.Id}<br/>{state}\"]:::{state}\n");
        }

        foreach (var edge in Edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {ids[edge.From]} -->|{edge.Condition.ToString().ToLowerInvariant()}| {ids[edge.To]}\n");
        }

        return text
            .Append("  classDef succeeded fill:#d7f5dd,stroke:#2b8a3e\n")
            .Append("  classDef failed fill:#ffe3e3,stroke:#c92a2a\n")
            .Append("  classDef running fill:#d0ebff,stroke:#1971c2\n")
            .Append("  classDef skipped fill:#f1f3f5,stroke:#868e96,stroke-dasharray:4\n")
            .Append("  classDef cancelled fill:#fff3bf,stroke:#e67700\n")
            .ToString();
    }
}

internal sealed class GetRunGraphHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<GetRunGraph, Result<GraphView>>
{
    public async Task<Result<GraphView>> Handle(GetRunGraph request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var graph = scope.Value.Graph;
        var rows = await db.Tasks.AsNoTracking().Where(t => t.RunId == scope.Value.Run.Id).OrderBy(t => t.Task).ToListAsync(cancellationToken);
        return new GraphView(
            [.. rows.Where(t => !graph.Nodes[t.Task].IsJoin).Select(t => new NodeView(graph.Nodes[t.Task].Id, t.State, t.Reason, t.ExitCode))],
            [.. from child in Enumerable.Range(0, graph.Count)
                where !graph.Nodes[child].IsJoin
                from parent in graph.ParentsOf(child)
                from end in graph.Nodes[parent.Task].IsJoin ? graph.ParentsOf(parent.Task).Select(p => p.Task) : [parent.Task]
                select new EdgeView(graph.Nodes[end].Id, graph.Nodes[child].Id, parent.Condition)]);
    }
}
