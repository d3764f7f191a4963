using System.Runtime.CompilerServices;
using Gofer.Cli.Commands;
using Gofer.Client;
using Gofer.Domain.Common;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>Shows a run while it runs: its output line by line, or its tree; and what it came to.</summary>
internal sealed class RunFollowing(CommandContext context, GoferClient client, string @namespace, string pipeline, string run)
{
    /// <summary>After so long without a word a person wonders.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3);

    /// <summary>The flags with which commands that are printed mean this server and namespace.</summary>
    public string Flags { get; init; } = context.Flags;

    /// <summary>Whether what may be typed next is printed; false where the server goes away with the command.</summary>
    public bool SaysNext { get; init; } = true;

    private readonly IAnsiConsole _errors = Consoles.On(context.Error, context);
    private readonly IAnsiConsole _out = Consoles.On(context.Out, context);

    /// <summary>Prints the run's output as it comes, each line behind its task, and what its tasks come to; then the tree.</summary>
    public async Task<ExitCode> WithLogsAsync(CancellationToken cancellationToken)
    {
        var tree = await TreeAsync(cancellationToken);
        var lines = TaggedLines.For(context, tree.Tasks.Max(t => t.Id.Length));
        using var spoken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = SayWhyItWaitsAsync(spoken.Token);
        try
        {
            await foreach (var line in client.Streams.LogsAsync(@namespace, pipeline, run, cancellationToken: cancellationToken))
            {
                // It must not speak into a line.
                if (!spoken.IsCancellationRequested) await StopAsync(spoken, waiting);
                lines.Print(line);
            }
        }
        finally
        {
            await StopAsync(spoken, waiting);
        }

        lines.End();
        return await EndAsync(await TreeAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Keeps the tree up to date on a terminal; elsewhere prints a line a change.</summary>
    public async Task<ExitCode> AsTreeAsync(CancellationToken cancellationToken)
    {
        var tree = await TreeAsync(cancellationToken);
        if (context.IsTable && Consoles.CanRedraw(context.Out) && _out.Profile.Capabilities.Ansi)
        {
            await _out.Live(Drawing(tree)).AutoClear(true).StartAsync(live => DrawAsync(live, tree, cancellationToken));
        }
        else
        {
            await foreach (var update in client.Streams.RunAsync(@namespace, pipeline, run, cancellationToken))
            {
                var isNews = tree.Apply(update);
                if (!context.IsTable) context.PrintItem(update);
                else if (isNews) context.Out.WriteLine(Change(update));
            }
        }

        return await EndAsync(tree, cancellationToken);
    }

    /// <summary>Prints the tree as it is.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken) => Draw(_out, await TreeAsync(cancellationToken));

    private async Task DrawAsync(LiveDisplayContext live, RunTree tree, CancellationToken cancellationToken)
    {
        await using var changes = client.Streams.RunAsync(@namespace, pipeline, run, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                // Redrawn without news too: times go on.
                if (await Task.WhenAny(next, Task.Delay(200, cancellationToken)) == next)
                {
                    if (!await next) return;
                    tree.Apply(changes.Current);
                    next = changes.MoveNextAsync().AsTask();
                }

                cancellationToken.ThrowIfCancellationRequested();
                live.UpdateTarget(Drawing(tree));
            }
        }
        finally
        {
            // It must not be disposed of while it moves.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task<ExitCode> EndAsync(RunTree tree, CancellationToken cancellationToken)
    {
        // What was named by a flag is named again, so that a command means the same.
        var (number, where) = (tree.Run.Number, Flags);
        var next = new NextCommands(
            task => $"gofer logs {pipeline} {number} {task}{where}", $"gofer task list {pipeline} {number}{where}", $"gofer rerun {pipeline} {number} --from failed --version live --follow{where}");
        return RunEnding.WriteAsync(_errors, tree, task => TailAsync(task, cancellationToken), SaysNext ? next : null);
    }

    /// <summary>Says once why a run prints nothing for so long, where it waits for something.</summary>
    private async Task SayWhyItWaitsAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(s_silence, cancellationToken);
        var whys = await client.Runs.ExplainRunAsync(@namespace, pipeline, run, cancellationToken);
        // A task that is being started says so itself, and those that wait for it are not why.
        if (whys.Items.FirstOrDefault(w => w is { About: "waiting", Code: not ("parents" or "starting") }) is not { } why) return;
        context.Error.WriteLine($"{why.Task ?? "The run"} waits: {Shown.Line(why.Message)}");
    }

    private static async Task StopAsync(CancellationTokenSource source, Task task)
    {
        await source.CancelAsync();
        // What could not be asked for is no news: the following itself says what is wrong.
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async IAsyncEnumerable<string> TailAsync(string task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await client.Logs.GetTaskLogsAsync(@namespace, pipeline, run, task, tail: RunEnding.LastLines, cancellationToken: cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line) yield return line;
    }

    private async Task<RunTree> TreeAsync(CancellationToken cancellationToken)
    {
        var view = await client.Runs.GetRunAsync(@namespace, pipeline, run, cancellationToken);
        var tasks = new List<TaskView>();
        string? cursor = null;
        do
        {
            var page = await client.Tasks.ListTasksAsync(@namespace, pipeline, run, limit: 500, cursor, cancellationToken);
            tasks.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        var graph = await client.Runs.GetRunGraphAsync(@namespace, pipeline, run, cancellationToken);
        return new RunTree(view, tasks, graph, TimeProvider.System);
    }

    private static string Change(RunUpdate update) => update.Task is { } task
        ? $"{task.Id} {task.State.ToString().ToLowerInvariant()} {RunTree.Remark(task)}".TrimEnd()
        : $"run {update.Run!.Number} {update.Run.State.ToString().ToLowerInvariant()}";

    private static Rows Drawing(RunTree tree) => new(tree.Lines().Select(l => new Markup(l)));

    private static void Draw(IAnsiConsole console, RunTree tree)
    {
        foreach (var line in tree.Lines()) console.MarkupLine(line);
    }
}
