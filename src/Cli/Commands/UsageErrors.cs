using System.CommandLine;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary>Says what is wrong with a command line in a line or two, with what was likely meant and where to read more.</summary>
internal static class UsageErrors
{
    public static ExitCode Say(ParseResult parsed, TextWriter error)
    {
        var command = parsed.CommandResult.Command;
        // Whatever follows a word that nobody knows cannot be judged: only the first one is to blame.
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            var near = Nearest.Of(unknown, Known(command, unknown)) is { } meant ? $" Did you mean '{meant}'?" : "";
            error.WriteLine($"gofer: '{HelpPage.PathOf(command)}' knows no {Shown.Quoted(unknown)}.{near}");
        }
        else
        {
            foreach (var complaint in parsed.Errors.Select(e => e.Message).Distinct()) error.WriteLine($"gofer: {complaint}");
        }

        error.WriteLine($"  See '{HelpPage.PathOf(command)} --help'.");
        return ExitCode.Usage;
    }

    /// <summary>Whether nothing is wrong but that the command line ends where one of several commands must follow; their list is the answer.</summary>
    public static bool IsUnfinished(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count == 0 && parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 };

    private static IEnumerable<string> Known(Command command, string like)
    {
        var isOption = like.StartsWith('-');
        return Chain(command).SelectMany(c => isOption
            ? c.Options.Where(o => c == command || o.Recursive).Select(o => o.Name)
            : c == command ? c.Subcommands.Select(s => s.Name) : []);
    }

    private static IEnumerable<Command> Chain(Command command)
    {
        for (var at = command; at is not null; at = at.Parents.OfType<Command>().FirstOrDefault()) yield return at;
    }
}
