using Gofer.Cli.Commands;
using Gofer.Client;
using Gofer.Domain.Common;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>What may be typed once a run is over.</summary>
/// <param name="Output">Shows all of a task's output.</param>
/// <param name="Tasks">Lists the run's tasks.</param>
/// <param name="Rerun">Runs what failed again.</param>
internal sealed record NextCommands(Func<string, string> Output, string Tasks, string Rerun);

/// <summary>What is said of a run that is over, and the exit code that goes with it.</summary>
internal static class RunEnding
{
    /// <summary>Lines of a failed task that the end shows.</summary>
    public const int LastLines = 20;

    /// <summary>Failed tasks that the end shows one by one.</summary>
    private const int MostFailures = 10;

    /// <summary>
    /// Prints the tree, then each failed task with its reason and its last lines, and what may be typed <paramref name="next"/>; null where
    /// nothing of the run is left to ask for.
    /// </summary>
    public static async Task<ExitCode> WriteAsync(IAnsiConsole console, RunTree tree, Func<string, IAsyncEnumerable<string>> tail, NextCommands? next)
    {
        foreach (var line in tree.Lines()) console.MarkupLine(line);
        var failed = tree.Tasks.Where(t => t.State == TaskState.Failed).ToList();
        foreach (var task in failed.Take(MostFailures))
        {
            console.WriteLine();
            console.MarkupLine($"[red]{Markup.Escape(task.Id)}[/] failed ({Markup.Escape(task.Reason ?? "")}): {Markup.Escape(Shown.Line(task.Message ?? ""))}");
            var any = false;
            await foreach (var line in tail(task.Id))
            {
                console.WriteLine($"  | {(console.Profile.Out.IsTerminal ? new TerminalFilter().Clean(line) : line)}");
                any = true;
            }

            if (!any) console.WriteLine("  it printed nothing");
            if (next is not null) console.WriteLine($"  all of its output: {next.Output(task.Id)}");
        }

        if (failed.Count > MostFailures)
        {
            console.WriteLine();
            console.WriteLine($"{failed.Count - MostFailures} more tasks failed.{(next is null ? "" : $" All of them: {next.Tasks}")}");
        }

        if (failed.Count > 0 && tree.Run.State == RunState.Succeeded)
        {
            console.WriteLine();
            console.WriteLine($"The run succeeded all the same: {(failed.Count == 1 ? "this task" : "these tasks")} may fail (allow_failure).");
        }

        if (next is not null && tree.Run.State == RunState.Failed)
        {
            console.WriteLine();
            console.WriteLine($"Once it is mended: {next.Rerun}");
        }

        return tree.Run.State switch
        {
            RunState.Failed => ExitCode.RunFailed,
            RunState.Cancelled => ExitCode.RunCancelled,
            _ => ExitCode.Done,
        };
    }
}
