using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Gofer.Cli.Commands;
using Gofer.Cli.Terminal;

namespace Gofer.Cli;

/// <summary>The <c>gofer</c> command line.</summary>
public static class App
{
    /// <summary>Parses and runs a command line; answers the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, InvocationConfiguration configuration, CancellationToken cancellationToken)
    {
        var parsed = Root().Parse(args);
        if (parsed.Action is not ParseErrorAction) return await parsed.InvokeAsync(configuration, cancellationToken);
        if (!UsageErrors.IsUnfinished(parsed)) return (int)UsageErrors.Say(parsed, configuration.Error);
        HelpPage.Write(parsed.CommandResult.Command, configuration.Output, Columns.Width);
        return args.Length == 0 ? (int)ExitCode.Done : (int)ExitCode.Usage;
    }

    /// <summary>The whole tree of commands.</summary>
    internal static RootCommand Root()
    {
        var root = new RootCommand("Gofer runs short-lived containers: register a pipeline, run it, follow it.");
        root.Options.Add(GlobalOptions.Namespace);
        root.Options.Add(GlobalOptions.Server);
        root.Options.Add(GlobalOptions.Context);
        root.Options.Add(GlobalOptions.Output);
        root.Options.Add(GlobalOptions.NoColor);
        root.Options.Add(GlobalOptions.Config);
        foreach (var command in CommandList.All()) root.Subcommands.Add(command);
        var help = root.Options.OfType<HelpOption>().Single();
        (help.Action, help.Description) = (new HelpPage(), "Show this page.");
        root.Options.OfType<VersionOption>().Single().Description = "Print the version.";
        root.Example("gofer demo --once", "everything from nothing to a finished run")
            .Example("gofer dev", "a server of one's own, on 127.0.0.1:8080")
            .Example("gofer up pipeline.json --run", "register a pipeline, run it and follow the run");
        return root;
    }
}
