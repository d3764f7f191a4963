using Gofer.Cli.Terminal;
using Gofer.Client;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console.Testing;

namespace Gofer.Tests.Unit.Cli;

public sealed class RunTreeTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Tasks_stand_below_the_deepest_of_their_parents_with_state_time_and_what_is_to_be_said()
    {
        var text = Draw(Tree());
        Assert.Equal(
            [
                "p run 7, version 3: running 9.0s",
                "  ✓ a       succeeded    2.0s",
                "  ▶   b     running      5.0s",
                "  ✗   c     failed       1.0s  exit code 3",
                "  ↷     d   skipped            because of c",
                "  …     e   starting           pulling [busybox]",
            ],
            text);
    }

    [Fact]
    public void Only_what_shows_something_new_is_a_change()
    {
        var tree = Tree();
        Assert.False(tree.Apply(new RunUpdate(null, tree.Tasks.First())));
        Assert.True(tree.Apply(new RunUpdate(null, tree.Tasks.Last() with { Message = "creating the container" })));
        Assert.False(tree.Apply(new RunUpdate(tree.Run, null)));
        Assert.True(tree.Apply(new RunUpdate(tree.Run with { State = RunState.Failed, EndedAt = s_start.AddSeconds(10) }, null)));
        Assert.Equal("p run 7, version 3: failed 10.0s", Draw(tree)[0]);
    }

    private static RunTree Tree()
    {
        var run = new RunView { Pipeline = "p", Number = 7, Version = 3, State = RunState.Running, StartedAt = s_start };
        TaskView[] tasks =
        [
            new() { Id = "a", State = TaskState.Succeeded, StartedAt = s_start, EndedAt = s_start.AddSeconds(2) },
            new() { Id = "b", State = TaskState.Running, StartedAt = s_start.AddSeconds(4) },
            new() { Id = "c", State = TaskState.Failed, ExitCode = 3, StartedAt = s_start, EndedAt = s_start.AddSeconds(1), Message = "The container ended with exit code 3." },
            new() { Id = "d", State = TaskState.Skipped, SkippedBy = "c", Message = "Task 'c' did not succeed." },
            new() { Id = "e", State = TaskState.Starting, Message = "pulling [busybox]" },
        ];
        var graph = new GraphView
        {
            Nodes = [.. tasks.Select(t => new NodeView { Id = t.Id })],
            Edges = [Edge("a", "b"), Edge("a", "c"), Edge("c", "d"), Edge("a", "e"), Edge("b", "e")],
        };
        return new RunTree(run, tasks, graph, new FakeTimeProvider(s_start.AddSeconds(9)));
    }

    private static EdgeView Edge(string from, string to) => new() { From = from, To = to };

    private static IReadOnlyList<string> Draw(RunTree tree)
    {
        using var console = new TestConsole().Width(200);
        foreach (var line in tree.Lines()) console.Write(new Spectre.Console.Markup(line + "\n"));
        return [.. console.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd())];
    }
}
