using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Authoring;
using Gofer.Cli.Completion;
using Gofer.Cli.Configuration;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary>What the process ends with.</summary>
public enum ExitCode
{
    /// <summary>Done.</summary>
    Done = 0,

    /// <summary>Refused or failed.</summary>
    Failed = 1,

    /// <summary>Wrong usage.</summary>
    Usage = 2,

    /// <summary>The server cannot be reached.</summary>
    Unreachable = 3,

    /// <summary>Not allowed.</summary>
    Forbidden = 4,

    /// <summary>The followed run failed.</summary>
    RunFailed = 5,

    /// <summary>The followed run was cancelled.</summary>
    RunCancelled = 6,
}

/// <summary>What a command's action works with: data goes to <see cref="Out"/>, everything else to <see cref="Error"/>.</summary>
internal sealed partial class CommandContext(ParseResult parsed)
{
    public ParseResult Parsed { get; } = parsed;

    public TextWriter Out { get; } = parsed.InvocationConfiguration.Output;

    public TextWriter Error { get; } = parsed.InvocationConfiguration.Error;

    /// <summary>What settings are read from: the flags of this command line, the environment, the files.</summary>
    public SettingInputs Inputs => new() { File = Parsed.GetValue(GlobalOptions.Config), Flags = SettingOption.Given(Parsed) };

    /// <summary>The settings; what is wrong with any of them ends the command.</summary>
    public Settings Settings
    {
        get
        {
            if (field is not null) return field;
            var loaded = Settings.Load(Inputs);
            return field = loaded.IsOk ? loaded.Value : throw new CommandException(loaded.Error);
        }
    }

    /// <summary>The document that the command is about; what is wrong with it is shown at its place.</summary>
    public PipelineText? Source { get; set; }

    /// <summary>Says what is wrong; the exit code that goes with it.</summary>
    public ExitCode Fail(Error error)
    {
        Complain(error.Message, error.Faults ?? []);
        return ExitCode.Failed;
    }

    /// <summary>Says one complaint with its place in the document, or several one by one.</summary>
    private void Complain(string message, IReadOnlyList<Fault> faults)
    {
        if (faults.Count < 2)
        {
            Error.WriteLine($"gofer: {message}");
            if (faults is [var only] && Source?.Place(only.Pointer) is { } at)
            {
                Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {Source.Name}, line {at.Line}, column {at.Column}:"));
                Error.WriteLine(Source.Excerpt(at.Line, at.Column));
            }

            return;
        }

        Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"gofer: {faults.Count} things are wrong{(Source is { } source ? $" with {source.Name}" : "")}:"));
        foreach (var (pointer, complaint) in faults)
        {
            var line = Source?.Place(pointer) is { } at ? string.Create(CultureInfo.InvariantCulture, $"line {at.Line}: ") : "";
            Error.WriteLine($"  {line}{(pointer.Length > 0 ? $"{pointer}: " : "")}{complaint}");
        }
    }
}

/// <summary>Ends a command with an error.</summary>
internal sealed class CommandException(Error error, ExitCode code = ExitCode.Failed) : Exception(error.Message)
{
    public Error Refusal { get; } = error;

    public ExitCode Code { get; } = code;
}

/// <summary>The options of every command.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Namespace { get; } = Everywhere(SettingTable.Namespace);

    public static Option<string?> Server { get; } = Everywhere(SettingTable.Server);

    public static Option<string?> Context { get; } = Everywhere(SettingTable.Context);

    public static Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "How to print data: table, json, jsonl or name.",
        Recursive = true,
        DefaultValueFactory = _ => "table",
    };

    public static Option<bool> NoColor { get; } = new("--no-color") { Description = "Print no colours. Also NO_COLOR.", Recursive = true };

    public static Option<string?> Config { get; } = new("--config") { Description = "The settings file, and no other. Also GOFER_CONFIG; ./gofer.toml, ~/.config/gofer/config.toml and /etc/gofer/gofer.toml where none is named.", HelpName = "FILE", Recursive = true };

    static GlobalOptions()
    {
        Output.MustBeOneOf("table", "json", "jsonl", "name");
        Namespace.Suggests(Suggestions.Namespaces);
        Context.Suggests(Suggestions.Contexts);
    }

    private static SettingOption Everywhere(Setting setting)
    {
        var option = SettingOption.Of(setting);
        option.Recursive = true;
        return option;
    }
}

/// <summary>How a command gets its action.</summary>
internal static class CommandActions
{
    /// <summary>Runs <paramref name="action"/>; what it throws becomes a sentence and an exit code, never a stack trace.</summary>
    public static void Run(this Command command, Func<CommandContext, CancellationToken, Task<ExitCode>> action) =>
        command.SetAction(async (parsed, token) =>
        {
            var context = new CommandContext(parsed);
            try
            {
                return (int)await action(context, token);
            }
            catch (CommandException e)
            {
                context.Fail(e.Refusal);
                return (int)e.Code;
            }
            catch (Exception e) when (context.Explain(e, token) is { } code)
            {
                return (int)code;
            }
        });
}
