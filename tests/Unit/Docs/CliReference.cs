using System.CommandLine;
using System.CommandLine.Help;
using System.Text;
using Gofer.Cli.Commands;

namespace Gofer.Tests.Unit.Docs;

/// <summary>Writes the reference of the command line from the commands themselves.</summary>
internal static class CliReference
{
    private const string Head =
        """
        <!-- Made from the commands; `make docs` writes it anew. -->
        # The command line

        One program, `gofer`, is server, worker and client. `gofer COMMAND --help` says what stands here.

        Data goes to standard output, everything else to standard error, so `gofer … -o json | jq` sees data alone. Colours appear on a terminal only. Ctrl-C
        ends following a run, not the run, and says how to cancel it.

        """;

    /// <summary>The page.</summary>
    public static string Generate(RootCommand root)
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        page.Append("\n## Options of every command\n\n");
        Options(page, root.Options);
        page.Append("\n## Exit codes\n\n| Code | |\n|---|---|\n");
        foreach (var code in Enum.GetValues<ExitCode>()) page.Append($"| {(int)code} | {Meaning(code)} |\n");
        foreach (var command in root.Subcommands.Where(c => !c.Hidden)) Describe(page, command, "gofer");
        return page.ToString();
    }

    private static void Describe(StringBuilder page, Command command, string parents)
    {
        var name = $"{parents} {command.Name}";
        page.Append($"\n{(parents == "gofer" ? "##" : "###")} `{name}`\n\n{Escaped(command.Description ?? "")}\n");
        if (command.Action is not null)
        {
            page.Append($"\n```text\n{HelpPage.Usages(command).First()}\n```\n");
            if (command.Arguments.Any(a => !a.Hidden))
            {
                page.Append("\n| Argument | |\n|---|---|\n");
                foreach (var argument in command.Arguments.Where(a => !a.Hidden)) page.Append($"| `{argument.Name}` | {Escaped(argument.Description ?? "")} |\n");
            }

            if (Shown(command.Options).Any()) page.Append('\n');
            Options(page, command.Options);
        }

        if (command.Examples.Count > 0)
        {
            var lines = command.Examples.SelectMany(e => e.About.Length > 0 ? new[] { $"# {e.About}", e.Line } : [e.Line]);
            page.Append($"\n```sh\n{string.Join('\n', lines)}\n```\n");
        }

        foreach (var child in command.Subcommands.Where(c => !c.Hidden)) Describe(page, child, name);
    }

    private static void Options(StringBuilder page, IEnumerable<Option> options)
    {
        if (!Shown(options).Any()) return;
        page.Append("| Option | |\n|---|---|\n");
        foreach (var option in Shown(options)) page.Append($"| `{HelpPage.Shown(option).Replace("|", "\\|", StringComparison.Ordinal)}` | {Escaped(option.Description ?? "")} |\n");
    }

    private static IEnumerable<Option> Shown(IEnumerable<Option> options) => options.Where(o => !o.Hidden && o is not (HelpOption or VersionOption));

    private static string Escaped(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal);

    private static string Meaning(ExitCode code) => code switch
    {
        ExitCode.Done => "done",
        ExitCode.Failed => "refused or failed; standard error says why and what next",
        ExitCode.Usage => "wrong usage",
        ExitCode.Unreachable => "the server cannot be reached",
        ExitCode.Forbidden => "not allowed",
        ExitCode.RunFailed => "the run that was followed failed",
        ExitCode.RunCancelled => "the run that was followed was cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "An exit code without its meaning."),
    };
}
