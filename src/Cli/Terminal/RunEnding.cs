using Gofer.Cli.Commands;
using Gofer.Client;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>What is said of a run that is over, and the exit code that goes with it.</summary>
internal static class RunEnding
{
    /// <summary>Lines of a failed task that the end shows.</summary>
    public const int LastLines = 20;

    /// <summary>
    /// Prints the tree, then each failed task with its reason, its last lines where the run failed, and where the rest is, if
    /// <paramref name="rest"/> knows.
    /// </summary>
    public static async Task<ExitCode> WriteAsync(
        IAnsiConsole console, RunTree tree, Func<string, IAsyncEnumerable<string>> tail, Func<string, string?> rest)
    {
        foreach (var line in tree.Lines()) console.MarkupLine(line);
        foreach (var task in tree.Tasks.Where(t => t.State == TaskState.Failed))
        {
            console.WriteLine();
            console.MarkupLine($"[red]{Markup.Escape(task.Id)}[/] failed ({Markup.Escape(task.Reason ?? "")}): {Markup.Escape(task.Message ?? "")}");
            if (tree.Run.State == RunState.Failed)
            {
                await foreach (var line in tail(task.Id)) console.WriteLine($"  | {line}");
            }

            if (rest(task.Id) is { } more) console.WriteLine($"  {more}");
        }

        return tree.Run.State switch
        {
            RunState.Failed => ExitCode.RunFailed,
            RunState.Cancelled => ExitCode.RunCancelled,
            _ => ExitCode.Done,
        };
    }
}
