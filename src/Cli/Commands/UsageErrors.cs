using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary>Says what is wrong with a command line in a line or two, with what was likely meant and where to read more.</summary>
internal static class UsageErrors
{
    /// <summary>What the commands of other tools are called here, by what somebody types who comes from there.</summary>
    private static readonly Dictionary<string, string> s_elsewhere = new(StringComparer.OrdinalIgnoreCase)
    {
        ["apply"] = "up",
        ["register"] = "up",
        ["push"] = "up",
        ["ps"] = "run list",
        ["ls"] = "pipeline list",
        ["status"] = "run get",
        ["describe"] = "run get",
        ["start"] = "run",
        ["trigger"] = "run",
        ["stop"] = "cancel",
        ["kill"] = "cancel",
        ["abort"] = "cancel",
        ["retry"] = "rerun",
        ["serve"] = "dev",
        ["server"] = "dev",
        ["check"] = "validate",
        ["lint"] = "validate",
        ["tail"] = "logs",
        ["follow"] = "watch",
    };

    public static ExitCode Say(ParseResult parsed, TextWriter error)
    {
        var command = parsed.CommandResult.Command;
        // Whatever follows a word that nobody knows cannot be judged: only the first one is to blame.
        if (UnknownIn(parsed) is { } unknown)
        {
            error.WriteLine($"gofer: '{HelpPage.PathOf(command)}' knows no {Shown.Quoted(unknown)}.{Meant(command, unknown)}");
        }
        else
        {
            foreach (var complaint in parsed.Errors.Select(e => Words(command, e)).Distinct()) error.WriteLine($"gofer: {complaint}");
            if (command.Examples is [var example, ..]) error.WriteLine($"  Example: {example.Line}");
        }

        error.WriteLine($"  See '{HelpPage.PathOf(command)} --help'.");
        return ExitCode.Usage;
    }

    /// <summary>Whether nothing is wrong but that the command line ends where one of several commands must follow; their list is the answer.</summary>
    public static bool IsUnfinished(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count == 0 && parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 };

    /// <summary>The first word that nobody knows. A mistyped option takes the place of an argument where one is free.</summary>
    private static string? UnknownIn(ParseResult parsed)
    {
        var isPlain = parsed.Tokens.All(t => t.Type != TokenType.DoubleDash);
        var taken = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value);
        return (isPlain ? taken.FirstOrDefault(v => v.Length > 2 && v.StartsWith("--", StringComparison.Ordinal)) : null) ?? (parsed.UnmatchedTokens is [var unmatched, ..] ? unmatched : null);
    }

    private static string Meant(Command command, string unknown)
    {
        if (Nearest.Of(unknown, Known(command, unknown)) is { } near) return $" Did you mean '{near}'?";
        if (command is not RootCommand) return "";
        if (s_elsewhere.TryGetValue(unknown, out var ours)) return $" Did you mean 'gofer {ours}'?";
        var nouns = command.Subcommands.SelectMany(n => n.Subcommands).Where(v => v.Name == unknown).Select(v => $"'{HelpPage.PathOf(v)}'").ToList();
        return nouns.Count > 0 ? $" There are {string.Join(", ", nouns)}." : "";
    }

    /// <summary>A parser's complaint in our words, where it is one of those that everybody meets.</summary>
    private static string Words(Command command, ParseError error) => error.SymbolResult switch
    {
        ArgumentResult { Tokens.Count: 0 } missing => $"'{HelpPage.PathOf(command)}' wants {("aeiou".Contains(missing.Argument.Name[0], StringComparison.Ordinal) ? "an" : "a")} {missing.Argument.Name}{Told(missing.Argument)}",
        OptionResult { Tokens.Count: 0 } empty => $"{empty.Option.Name} wants a value: {empty.Option.Description}",
        ArgumentResult given when NoNumber(given.Argument.ValueType, given.Tokens) is { } wrong => $"The {given.Argument.Name} must be a whole number, not {Shown.Quoted(wrong)}.",
        OptionResult given when NoNumber(given.Option.ValueType, given.Tokens) is { } wrong => $"{given.Option.Name} must be a whole number, not {Shown.Quoted(wrong)}.",
        _ => error.Message,
    };

    /// <summary>What an argument is, where its name does not say it already.</summary>
    private static string Told(Argument argument) => argument.Description is { } told && told != $"The {argument.Name}." ? $": {told}" : ".";

    private static string? NoNumber(Type type, IReadOnlyList<Token> tokens) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(int)
        ? tokens.FirstOrDefault(t => !int.TryParse(t.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))?.Value
        : null;

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
