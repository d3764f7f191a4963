using Gofer.Client;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>
/// A run as a tree: its tasks in the document's order, each below the deepest of its parents, with state, time and exit code. A
/// <paramref name="title"/> stands in place of the run's number and version.
/// </summary>
internal sealed class RunTree(RunView run, IReadOnlyList<TaskView> tasks, GraphView graph, TimeProvider clock, string? title = null)
{
    private readonly Dictionary<string, TaskView> _tasks = tasks.ToDictionary(t => t.Id);
    private readonly Dictionary<string, int> _depths = Depths(graph);

    public RunView Run { get; private set; } = run;

    public IEnumerable<TaskView> Tasks => graph.Nodes.Select(n => _tasks[n.Id]);

    /// <summary>Takes in a change; false where it shows nothing new.</summary>
    public bool Apply(RunUpdate update)
    {
        if (update.Run is { } changed)
        {
            var news = changed.State != Run.State;
            Run = changed;
            return news;
        }

        var task = update.Task!;
        var old = _tasks[task.Id];
        _tasks[task.Id] = task;
        return old.State != task.State || old.Message != task.Message || old.WaitingFor != task.WaitingFor;
    }

    /// <summary>The tree as markup, a line for each task.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"[bold]{Markup.Escape(Run.Pipeline)}[/] {title ?? $"run {Run.Number}, version {Run.Version}"}: {Coloured(Run.State.ToString())} {Table.Duration(Run.StartedAt, Run.EndedAt, clock)}";
        var width = Math.Min(40, _tasks.Values.Max(t => t.Id.Length + (2 * _depths[t.Id])) + 2);
        foreach (var task in Tasks)
        {
            var name = new string(' ', 2 * _depths[task.Id]) + task.Id;
            yield return $"  {Glyph(task.State)} {Markup.Escape(name.PadRight(width))} {Coloured(task.State.ToString(), 10)} {Table.Duration(task.StartedAt, task.EndedAt, clock),6}  {Markup.Escape(Remark(task))}".TrimEnd();
        }
    }

    /// <inheritdoc cref="TaskRemarks.Of"/>
    public static string Remark(TaskView task) => TaskRemarks.Of(task);

    private static string Glyph(TaskState state) => state switch
    {
        TaskState.Succeeded => "[green]✓[/]",
        TaskState.Failed => "[red]✗[/]",
        TaskState.Cancelled => "[yellow]■[/]",
        TaskState.Skipped => "[grey]↷[/]",
        TaskState.Running => "[blue]▶[/]",
        TaskState.Starting => "[blue]…[/]",
        _ => "[grey]·[/]",
    };

    private static string Coloured(string state, int width = 0)
    {
        var colour = state switch
        {
            "Succeeded" => "green",
            "Failed" => "red",
            "Cancelled" => "yellow",
            "Running" or "Starting" => "blue",
            _ => "grey",
        };
        return $"[{colour}]{state.ToLowerInvariant().PadRight(width)}[/]";
    }

    /// <summary>How deep each task lies: one more than the deepest of its parents.</summary>
    private static Dictionary<string, int> Depths(GraphView graph)
    {
        var parents = graph.Edges.ToLookup(e => e.To, e => e.From);
        var depths = new Dictionary<string, int>();
        var open = new Stack<string>(graph.Nodes.Select(n => n.Id).Reverse());
        while (open.TryPeek(out var id))
        {
            var missing = parents[id].Where(p => !depths.ContainsKey(p)).ToList();
            if (missing.Count == 0)
            {
                depths[id] = parents[id].Select(p => depths[p] + 1).DefaultIfEmpty(0).Max();
                open.Pop();
            }
            else
            {
                foreach (var parent in missing) open.Push(parent);
            }
        }

        return depths;
    }
}
