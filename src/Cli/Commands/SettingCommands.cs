using System.CommandLine;
using System.Globalization;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary>What is set of a namespace and of the whole install: <c>namespace set</c> and <c>system</c>.</summary>
internal static class SettingCommands
{
    public static Option<int?> TaskLimit => new("--task-limit") { Description = "How many tasks run at a time; 0 sets no limit." };

    public static Option<int?> Weight => new("--weight") { Description = "Its share of the workers beside other namespaces, 1 to 1000." };

    public static Option<string?> Describing => new("--description", "-d") { Description = "What it is for." };

    /// <summary>Adds <c>namespace set</c>.</summary>
    public static Command WithSet(this Command noun)
    {
        var id = new Argument<string>("id") { Description = "The namespace." };
        var (description, limit, weight) = (Describing, TaskLimit, Weight);
        var command = new Command("set", "Change a namespace; what is not named stays.").Example("gofer namespace set team-data --task-limit 20 --weight 3");
        command.Arguments.Add(id);
        foreach (var option in (Option[])[description, limit, weight]) command.Options.Add(option);
        command.Wants(description, limit, weight);
        command.Run(async (context, token) =>
        {
            var body = new NamespaceBody
            {
                Description = context.Parsed.GetValue(description),
                TaskLimit = context.Parsed.GetValue(limit),
                Weight = context.Parsed.GetValue(weight),
            };
            context.PrintOne(await context.Client.Namespaces.UpdateNamespaceAsync(context.Parsed.GetValue(id)!, body, token), n => n.Id, NounCommands.NamespaceColumns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(command);
        return noun;
    }

    public static Command System()
    {
        var noun = new Command("system", "The server and what is set of the whole install.").Example("gofer system get");
        var got = new Command("get", "Read what server it is and what is set of it.").Example("gofer system get -o json");
        got.Run(async (context, token) => Print(context, await context.Client.System.GetSystemAsync(token)));
        var limit = TaskLimit;
        var set = new Command("set", "Change what is set of the whole install.").Example("gofer system set --task-limit 500");
        set.Options.Add(limit);
        set.Wants(limit);
        set.Run(async (context, token) => Print(context, await context.Client.System.UpdateSystemAsync(new SystemBody { TaskLimit = context.Parsed.GetValue(limit) }, token)));
        noun.Subcommands.Add(got);
        noun.Subcommands.Add(set);
        return noun;
    }

    private static ExitCode Print(CommandContext context, SystemView system)
    {
        context.PrintOne(
            system, s => s.Version,
            ("version", s => s.Version), ("commit", s => s.Commit), ("scheduler", s => s.Scheduler), ("dev", s => s.DevMode ? "yes" : ""),
            ("task limit", s => Number(s.TaskLimit)));
        return ExitCode.Done;
    }

    /// <summary>A limit as people read it.</summary>
    public static string Number(int limit) => limit == 0 ? "none" : limit.ToString(CultureInfo.InvariantCulture);

    /// <summary>A change that changes nothing is a mistake.</summary>
    private static void Wants(this Command command, params Option[] options) => command.Validators.Add(given =>
    {
        if (!options.Any(o => given.GetResult(o) is { Implicit: false })) given.AddError($"Say what to set: {string.Join(", ", options.Select(o => o.Name))}.");
    });
}
