using System.CommandLine;
using Gofer.Api;

namespace Gofer.Cli.Commands;

/// <summary>Every command, in the order in which the help shows them.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> All() =>
    [
        .. Group(
            "Serve",
            ServerCommands.Dev(),
            DemoCommand.Demo(),
            ServerCommands.Api(),
            ServerCommands.Worker(),
            ServerCommands.Migrate(),
            DoctorCommand.Doctor()),
        .. Group(
            "Write pipelines",
            InitCommand.Init(),
            AuthorCommands.Validate(),
            AuthorCommands.Diff(),
            AuthorCommands.Up()),
        .. Group(
            "Run them",
            OperateCommands.Run().WithRunVerbs(),
            OperateCommands.Logs(),
            OperateCommands.Watch(),
            OperateCommands.Cancel(),
            RerunCommands.Rerun(),
            RerunCommands.Explain(),
            OperateCommands.Deploy(),
            OperateCommands.Rollback(),
            OperateCommands.Pause(),
            OperateCommands.Resume()),
        .. Group(
            "Look after what there is",
            NounCommands.Namespace().WithSet(),
            NounCommands.Pipeline(),
            TriggerCommands.Trigger(),
            BackfillCommands.Backfills(),
            ExtensionCommands.Extension(),
            NotificationCommands.Notification(),
            NounCommands.Task().WithCommandLine(),
            SharedTaskCommands.SharedTask(),
            SecretCommands.Secret(),
            ObjectCommands.Object(),
            TokenCommands.Token(),
            RoleCommands.Role(),
            AuditCommands.Audit(),
            SettingCommands.System()),
        .. Group(
            "This program",
            ConfigCommand.Config(),
            ContextCommands.Context(),
            CompletionCommands.Scripts(),
            Version()),
        CompletionCommands.Complete(),
    ];

    private static IEnumerable<Command> Group(string title, params Command[] commands) => commands.Select(c => c.In(title));

    private static Command Version()
    {
        var command = new Command("version", "Print the version and the commit.").Example("gofer version");
        command.Run((context, _) =>
        {
            if (context.IsTable) context.Out.WriteLine($"gofer {ProductVersion.Version} ({ProductVersion.Commit})");
            context.PrintAnswer(new { ProductVersion.Version, ProductVersion.Commit }, v => v.Version);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
