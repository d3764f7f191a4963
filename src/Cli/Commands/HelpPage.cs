using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.Globalization;
using Gofer.Cli.Terminal;

namespace Gofer.Cli.Commands;

/// <summary>What <c>--help</c> prints: what the command is for, how it is called, and lines that work as they stand.</summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output, Columns.Width);
        return (int)ExitCode.Done;
    }

    /// <summary>Writes the page of a command in that width.</summary>
    public static void Write(Command command, TextWriter output, int width)
    {
        foreach (var line in Columns.Wrap(command.Description ?? "", width)) output.WriteLine(line);
        Section(output, "Usage");
        foreach (var usage in Usages(command)) output.WriteLine($"  {usage}");
        foreach (var group in command.Subcommands.Where(c => !c.Hidden).GroupBy(c => c.Group ?? "Commands"))
        {
            Section(output, group.Key);
            Columns.Write(output, [.. group.Select(c => (c.Name, c.Description ?? ""))], width);
        }

        Rows(output, "Arguments", [.. command.Arguments.Where(a => !a.Hidden).Select(a => (Shown(a), Told(a.Description, Default(a))))], width);
        var options = command.Options.Where(o => !o.Hidden).ToList();
        Rows(output, "Options", Of(options.Where(o => !o.Recursive)), width);
        Section(output, command.Examples.Count > 1 ? "Examples" : "Example");
        foreach (var example in command.Examples)
        {
            if (example.About.Length > 0) output.WriteLine($"  # {example.About}");
            output.WriteLine($"  {example.Line}");
        }

        var everywhere = Above(command).SelectMany(c => c.Options).Where(o => o is { Recursive: true, Hidden: false });
        Rows(output, "Options of every command", Of(everywhere), width);

        if (command.Subcommands.Any(c => !c.Hidden))
        {
            output.WriteLine();
            output.WriteLine($"'{PathOf(command)} COMMAND --help' says more of a command.");
        }
    }

    /// <summary>The command as it is typed: <c>gofer pipeline list</c>.</summary>
    public static string PathOf(Command command) => string.Join(' ', Above(command).Reverse().Select(c => c is RootCommand ? "gofer" : c.Name));

    /// <summary>How the command is called, without its options: a line where it acts itself and one where it has commands below it.</summary>
    public static IEnumerable<string> Usages(Command command)
    {
        if (command.Action is not null)
        {
            var arguments = command.Arguments.Where(a => !a.Hidden).Select(a => a.Arity.MinimumNumberOfValues == 0 ? $"[{Shown(a)}]" : Shown(a));
            yield return string.Join(' ', [PathOf(command), .. arguments, .. command.Options.Any(o => o is { Hidden: false, Recursive: false }) ? ["[OPTIONS]"] : Array.Empty<string>()]);
        }

        if (command.Subcommands.Any(c => !c.Hidden)) yield return $"{PathOf(command)} COMMAND";
    }

    /// <summary>An option with its aliases and what it takes: <c>-o, --output table|json</c>.</summary>
    public static string Shown(Option option)
    {
        var names = string.Join(", ", option.Aliases.Where(a => a.StartsWith('-') && a != "-?").Append(option.Name).OrderBy(n => n.Length));
        return option.Arity.MinimumNumberOfValues == 0 || option.ValueType == typeof(bool) ? names : $"{names} {Taken(option)}";
    }

    private static string Shown(Argument argument) => argument.Name.ToUpperInvariant() + (argument.Arity.MaximumNumberOfValues > 1 ? "…" : "");

    private static string Taken(Option option)
    {
        if (option.HelpName is { } named) return named;
        var choices = option.GetCompletions(CompletionContext.Empty).Select(c => c.Label).ToList();
        if (choices.Count > 0) return string.Join('|', choices);
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return type == typeof(int) ? "N" : option.Name.Split('-')[^1].ToUpperInvariant();
    }

    private static List<(string, string)> Of(IEnumerable<Option> options) =>
        [.. options.Select(o => (Shown(o), Told(o.Description, o.HasDefaultValue ? o.GetDefaultValue() : null)))];

    private static object? Default(Argument argument) => argument.HasDefaultValue ? argument.GetDefaultValue() : null;

    private static string Told(string? description, object? standard) => standard is string { Length: > 0 } or int
        ? string.Create(CultureInfo.InvariantCulture, $"{description} [default: {standard}]")
        : description ?? "";

    private static void Rows(TextWriter output, string title, List<(string, string)> rows, int width)
    {
        if (rows.Count == 0) return;
        Section(output, title);
        Columns.Write(output, rows, width);
    }

    private static void Section(TextWriter output, string title)
    {
        output.WriteLine();
        output.WriteLine($"{title}:");
    }

    /// <summary>The command and those above it.</summary>
    public static IEnumerable<Command> Above(Command command)
    {
        for (var at = command; at is not null; at = at.Parents.OfType<Command>().FirstOrDefault()) yield return at;
    }
}
