using System.CommandLine;
using Gofer.Cli.Hosting;
using Gofer.Domain.Common;
using Microsoft.Extensions.Configuration;

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

    /// <summary>Settings with the given flags on top; a file that cannot be read ends the command.</summary>
    public IConfigurationRoot Settings(params (string Key, Option<string?> Option)[] flags)
    {
        var given = flags.ToDictionary(f => f.Key, f => Parsed.GetValue(f.Option));
        given["Gofer:Server"] = Parsed.GetValue(GlobalOptions.Server);
        given["Gofer:Namespace"] = Parsed.GetValue(GlobalOptions.Namespace);
        var loaded = Hosting.Settings.Load(Parsed.GetValue(GlobalOptions.Config), given);
        return loaded.IsOk ? loaded.Value : throw new CommandException(loaded.Error);
    }

    /// <summary>Says what is wrong; the exit code that goes with it.</summary>
    public ExitCode Fail(Error error)
    {
        Error.WriteLine($"gofer: {error.Message}");
        if (error.Faults is { Count: > 1 } faults)
        {
            foreach (var fault in faults) Error.WriteLine($"  {(fault.Pointer.Length > 0 ? fault.Pointer + ": " : "")}{fault.Message}");
        }

        return ExitCode.Failed;
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
    public static Option<string?> Namespace { get; } = new("--namespace", "-n") { Description = "The namespace. Also GOFER_NAMESPACE; 'default' where none is named.", Recursive = true };

    public static Option<string?> Server { get; } = new("--server") { Description = "The server's URL. Also GOFER_SERVER; http://127.0.0.1:8080 where none is named.", Recursive = true };

    public static Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "How to print data: table, json, jsonl or name.",
        Recursive = true,
        DefaultValueFactory = _ => "table",
    };

    public static Option<bool> NoColor { get; } = new("--no-color") { Description = "Print no colours. Also NO_COLOR.", Recursive = true };

    public static Option<string?> Config { get; } = new("--config") { Description = "The settings file, ./gofer.toml or /etc/gofer/gofer.toml where none is named.", Recursive = true };

    static GlobalOptions()
    {
        Output.AcceptOnlyFromAmong("table", "json", "jsonl", "name");
        Namespace.MustBeName();
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
