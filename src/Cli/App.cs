using System.CommandLine;
using System.CommandLine.Invocation;
using Gofer.Cli.Commands;

namespace Gofer.Cli;

/// <summary>The <c>gofer</c> command line.</summary>
public static class App
{
    /// <summary>Parses and runs a command line; answers the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, InvocationConfiguration configuration, CancellationToken cancellationToken)
    {
        var parsed = Root().Parse(args);
        if (parsed.Action is ParseErrorAction && !UsageErrors.IsUnfinished(parsed)) return (int)UsageErrors.Say(parsed, configuration.Error);
        var code = await parsed.InvokeAsync(configuration, cancellationToken);
        return parsed.Errors.Count > 0 ? (int)ExitCode.Usage : code;
    }

    private static RootCommand Root()
    {
        var root = new RootCommand("Gofer runs short-lived containers: register a pipeline, run it, follow it.");
        root.Options.Add(GlobalOptions.Namespace);
        root.Options.Add(GlobalOptions.Server);
        root.Options.Add(GlobalOptions.Output);
        root.Options.Add(GlobalOptions.NoColor);
        root.Options.Add(GlobalOptions.Config);
        foreach (var command in CommandList.All()) root.Subcommands.Add(command);
        return root;
    }
}
