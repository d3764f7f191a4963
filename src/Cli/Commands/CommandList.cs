using System.CommandLine;
using Gofer.Api;

namespace Gofer.Cli.Commands;

/// <summary>Every command, in the order in which the help shows them.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All() =>
    [
        ServerCommands.Dev(),
        DemoCommand.Demo(),
        ServerCommands.Api(),
        ServerCommands.Worker(),
        ServerCommands.Migrate(),
        Version(),
        AuthorCommands.Up(),
        AuthorCommands.Validate(),
        AuthorCommands.Diff(),
        OperateCommands.Run().WithRunVerbs(),
        OperateCommands.Logs(),
        OperateCommands.Watch(),
        OperateCommands.Cancel(),
        RerunCommands.Rerun(),
        RerunCommands.Explain(),
        OperateCommands.Deploy(),
        OperateCommands.Rollback(),
        OperateCommands.Pause(),
        OperateCommands.Resume(),
        NounCommands.Namespace().WithSet(),
        NounCommands.Pipeline(),
        NounCommands.Task(),
        SettingCommands.System(),
    ];

    private static Command Version()
    {
        var command = new Command("version", "Print the version and the commit.\n\nExample: gofer version");
        command.Run((context, _) =>
        {
            if (context.IsTable) context.Out.WriteLine($"gofer {ProductVersion.Version} ({ProductVersion.Commit})");
            context.PrintAnswer(new { ProductVersion.Version, ProductVersion.Commit }, v => v.Version);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
