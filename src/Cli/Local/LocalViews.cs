using Gofer.Client;
using Gofer.Domain.Pipelines;
using Gofer.Worker.Local;
using Runs = Gofer.Domain.Runs;

namespace Gofer.Cli.Local;

/// <summary>Shows a local run as the server would show it, so that the same eyes of the terminal serve both.</summary>
internal static class LocalViews
{
    public static RunView View(this Runs.Run run, LocalOrder order) => new()
    {
        Id = run.Id.Value,
        Namespace = order.Namespace,
        Pipeline = order.Document.Id,
        State = Enum.Parse<RunState>(run.State.ToString()),
        Reason = run.Reason,
        Message = run.Message,
        StartedAt = run.StartedAt,
        EndedAt = run.EndedAt,
        CancelRequestedAt = run.CancelRequestedAt,
    };

    public static IReadOnlyList<TaskView> TaskViews(this Runs.Run run) =>
        [.. run.Tasks.Values.OrderBy(t => t.Task).Where(t => !run.Graph.Nodes[t.Task].IsJoin).Select(t => run.View(t))];

    public static GraphView GraphView(this TaskGraph graph) => new()
    {
        Nodes = [.. graph.Nodes.Where(n => !n.IsJoin).Select(n => new NodeView { Id = n.Id })],
        Edges = [.. from child in Enumerable.Range(0, graph.Count)
                    where !graph.Nodes[child].IsJoin
                    from parent in graph.ParentsOf(child)
                    from end in graph.Nodes[parent.Task].IsJoin ? graph.ParentsOf(parent.Task).Select(p => p.Task) : [parent.Task]
                    select new EdgeView { From = graph.Nodes[end].Id, To = graph.Nodes[child].Id }],
    };

    private static TaskView View(this Runs.Run run, Runs.TaskExecution task)
    {
        var node = run.Graph.Nodes[task.Task];
        return new TaskView
        {
            Id = node.Id,
            State = Enum.Parse<TaskState>(task.State.ToString()),
            Reason = task.Reason,
            Message = task.Message,
            Attempt = task.Attempt,
            ExitCode = task.ExitCode,
            Image = node.Definition.Image,
            ImageDigest = task.ImageDigest,
            SkippedBy = task.SkippedBy is { } by ? run.Graph.Nodes[by].Id : null,
            Matrix = node.Matrix,
            StartedAt = task.StartedAt,
            EndedAt = task.EndedAt,
        };
    }
}
