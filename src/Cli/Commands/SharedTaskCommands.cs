using System.CommandLine;
using System.Text.Json;
using Gofer.Cli.Completion;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer shared-task</c>: task definitions that pipelines of the namespace, or of the install, share.</summary>
internal static class SharedTaskCommands
{
    private static Argument<string> Name => new Argument<string>("shared-task") { Description = "The shared task." }.Judged(Slug.Complaint).Suggests(Suggestions.SharedTasks);

    private static Option<bool> Global => new("--global") { Description = "Of the install, not of the namespace." };

    public static Command SharedTask()
    {
        var noun = new Command("shared-task", "Task definitions that pipelines share, with versions; tasks name them in 'uses'.").Example("gofer shared-task put lint lint.json");
        var (limit, listed) = (NounCommands.Limit, Global);
        noun.Add("list", "List the shared tasks of the namespace, or of the install", "gofer shared-task list --global", [listed, limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = context.Parsed.GetValue(listed)
                    ? await context.Client.SharedTasks.ListSharedTasksAsync(most, cursor, token)
                    : await context.Client.SharedTasks.ListNamespaceSharedTasksAsync(context.Namespace, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, t => t.Id, Columns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Get());
        noun.Subcommands.Add(Put());
        noun.Subcommands.Add(Versions());
        noun.Subcommands.Add(Delete());
        return noun;
    }

    private static (string, Func<SharedTaskView, string?>)[] Columns() =>
    [
        ("id", t => t.Id), ("newest", t => t.Version), ("is", t => Kind(t.Definition)), ("inputs", t => Inputs(t.Definition)), ("description", t => Text(t.Definition, "description")),
        ("changed", t => Table.Time(t.ModifiedAt)),
    ];

    private static (string, Func<SharedTaskVersionView, string?>)[] VersionColumns() =>
    [
        ("version", v => v.Version), ("is", v => Kind(v.Definition)), ("inputs", v => Inputs(v.Definition)), ("description", v => Text(v.Definition, "description")),
        ("registered", v => Table.Time(v.CreatedAt)),
    ];

    private static string? Kind(JsonElement definition) => definition.TryGetProperty("call", out var call) ? Text(call, "endpoint") : Text(definition.GetProperty("container"), "image");

    private static string? Inputs(JsonElement definition) =>
        definition.TryGetProperty("inputs", out var inputs) ? string.Join(' ', inputs.EnumerateArray().Select(i => Text(i, "name"))) : null;

    private static string? Text(JsonElement of, string member) => of.TryGetProperty(member, out var text) ? text.GetString() : null;

    private static Command Get()
    {
        var command = new Command("get", "Read a shared task: its newest version, or another.").Example("gofer shared-task get lint --version 2.1 -o json");
        var (name, global) = (Name, Global);
        var version = new Option<string?>("--version") { Description = "A version of it, such as 2.1; the newest where none is given." };
        version.Validators.Add(result =>
        {
            if (result.Tokens is [var text] && !TaskVersion.TryParse(text.Value, out _)) result.AddError($"--version is {Shown.Quoted(text.Value)}; it must be {TaskVersion.Rule}.");
        });
        command.Arguments.Add(name);
        foreach (var option in (Option[])[version, global]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var (api, wanted, isGlobal) = (context.Client.SharedTasks, context.Parsed.GetValue(name)!, context.Parsed.GetValue(global));
            if (context.Parsed.GetValue(version) is { } one)
            {
                context.PrintOne(
                    isGlobal ? await api.GetSharedTaskVersionAsync(wanted, one, token) : await api.GetNamespaceSharedTaskVersionAsync(context.Namespace, wanted, one, token),
                    v => v.Version, VersionColumns());
                return ExitCode.Done;
            }

            context.PrintOne(isGlobal ? await api.GetSharedTaskAsync(wanted, token) : await api.GetNamespaceSharedTaskAsync(context.Namespace, wanted, token), t => t.Id, Columns());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Put()
    {
        var command = new Command("put", "Register a version of a shared task. A version never changes; the same content again is nothing new.").Example("gofer shared-task put lint lint.json");
        var (name, global) = (Name, Global);
        var file = new Argument<string>("file") { Description = "A file with the definition as JSON; - is stdin." };
        command.Arguments.Add(name);
        command.Arguments.Add(file);
        command.Options.Add(global);
        command.Run(async (context, token) =>
        {
            var body = await TriggerSetCommand.ReadAsync(context.Parsed.GetValue(file)!, """{"version":"1.0","container":{"image":"…"}}""", token);
            var put = await context.Client.PutSharedTaskAsync(context.Parsed.GetValue(global) ? null : context.Namespace, context.Parsed.GetValue(name)!, body, token);
            context.Error.WriteLine(put.Created ? $"{put.Id} {put.Version} is registered." : $"{put.Id} {put.Version} was registered before, with the same content.");
            context.PrintAnswer(put, p => p.Version);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Versions()
    {
        var command = new Command("versions", "List the versions of a shared task, newest first.").Example("gofer shared-task versions lint");
        var (name, global, limit) = (Name, Global, NounCommands.Limit);
        command.Arguments.Add(name);
        foreach (var option in (Option[])[global, limit]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var wanted = context.Parsed.GetValue(name)!;
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = context.Parsed.GetValue(global)
                    ? await context.Client.SharedTasks.ListSharedTaskVersionsAsync(wanted, most, cursor, token)
                    : await context.Client.SharedTasks.ListNamespaceSharedTaskVersionsAsync(context.Namespace, wanted, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, v => v.Version, VersionColumns());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a shared task that nothing uses, with all its versions.").Example("gofer shared-task delete lint --yes");
        var (name, global, yes) = (Name, Global, NounCommands.Yes);
        command.Arguments.Add(name);
        foreach (var option in (Option[])[global, yes]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var wanted = context.Parsed.GetValue(name)!;
            if (NounCommands.Confirm(context, yes, $"the shared task '{wanted}'") is { } refusal) return refusal;
            if (context.Parsed.GetValue(global)) await context.Client.SharedTasks.DeleteSharedTaskAsync(wanted, token);
            else await context.Client.SharedTasks.DeleteNamespaceSharedTaskAsync(context.Namespace, wanted, token);
            context.Error.WriteLine($"The shared task '{wanted}' is deleted.");
            return ExitCode.Done;
        });
        return command;
    }
}
