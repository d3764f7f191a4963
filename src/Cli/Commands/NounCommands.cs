using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary>The nouns with their <c>list</c>, <c>get</c> and <c>delete</c>.</summary>
internal static class NounCommands
{
    internal static Option<bool> Yes => new("--yes", "-y") { Description = "Do not ask." };

    private static Option<bool> Force => new("--force") { Description = "Cancel unfinished runs first." };

    internal static Option<int?> Limit
    {
        get
        {
            var limit = new Option<int?>("--limit") { Description = "How many at most, 50 where none is given." };
            limit.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int?>() < 1) result.AddError("--limit must be 1 or more.");
            });
            return limit;
        }
    }

    public static Command Namespace()
    {
        var noun = new Command("namespace", "Namespaces.").Example("gofer namespace create team-data");
        var limit = Limit;
        noun.Add("list", "List namespaces", "gofer namespace list", [limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Namespaces.ListNamespacesAsync(most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, n => n.Id, Columns());
            return ExitCode.Done;
        });
        var got = Names.Namespace;
        noun.Add("get", "Read a namespace", "gofer namespace get team-data -o json", [], [got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Namespaces.GetNamespaceAsync(context.Parsed.GetValue(got)!, token), n => n.Id, Columns());
            return ExitCode.Done;
        });
        var created = Names.Namespace;
        var (description, tasks, weight) = (SettingCommands.Describing, SettingCommands.TaskLimit, SettingCommands.Weight);
        noun.Add("create", "Make a namespace", "gofer namespace create team-data --task-limit 20", [description, tasks, weight], [created], async (context, token) =>
        {
            var body = new NewNamespaceBody { Id = context.Parsed.GetValue(created)!, Description = context.Parsed.GetValue(description), TaskLimit = context.Parsed.GetValue(tasks), Weight = context.Parsed.GetValue(weight) };
            context.PrintOne(await context.Client.Namespaces.CreateNamespaceAsync(body, token), n => n.Id, Columns());
            return ExitCode.Done;
        });
        var deleted = Names.Namespace;
        var (yes, force) = (Yes, Force);
        noun.Add("delete", "Delete a namespace", "gofer namespace delete team-data --force", [yes, force], [deleted], async (context, token) =>
        {
            var id = context.Parsed.GetValue(deleted)!;
            if (Confirm(context, yes, $"the namespace '{id}'") is { } refusal) return refusal;
            await context.Client.Namespaces.DeleteNamespaceAsync(id, context.Parsed.GetValue(force), token);
            context.Error.WriteLine($"The namespace '{id}' is deleted.");
            return ExitCode.Done;
        });
        return noun;

        static (string, Func<NamespaceView, string?>)[] Columns() => NamespaceColumns();
    }

    /// <summary>How a namespace is shown in a table.</summary>
    internal static (string, Func<NamespaceView, string?>)[] NamespaceColumns() =>
    [
        ("id", n => n.Id), ("task limit", n => SettingCommands.Number(n.TaskLimit)), ("weight", n => n.Weight.ToString(CultureInfo.InvariantCulture)),
        ("description", n => n.Description), ("created", n => Table.Time(n.CreatedAt)),
    ];

    public static Command Pipeline()
    {
        var noun = new Command("pipeline", "Pipelines.").Example("gofer pipeline list");
        var limit = Limit;
        noun.Add("list", "List pipelines", "gofer pipeline list -n team-data", [limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Pipelines.ListPipelinesAsync(context.Namespace, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, p => p.Id, Columns());
            return ExitCode.Done;
        });
        var got = Names.Pipeline;
        noun.Add("get", "Read a pipeline", "gofer pipeline get nightly -o json", [], [got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Pipelines.GetPipelineAsync(context.Namespace, context.Parsed.GetValue(got)!, token), p => p.Id, Columns());
            return ExitCode.Done;
        });
        var (versioned, versions) = (Names.Pipeline, Limit);
        noun.Add("versions", "List the versions of a pipeline", "gofer pipeline versions nightly --limit 5", [versions], [versioned], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(versions), async (most, cursor) =>
            {
                var page = await context.Client.Versions.ListVersionsAsync(context.Namespace, context.Parsed.GetValue(versioned)!, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(
                items, v => v.Version.ToString(CultureInfo.InvariantCulture), ("version", v => v.Version.ToString(CultureInfo.InvariantCulture)),
                ("live", v => v.Live ? "yes" : ""), ("hash", v => v.ContentHash[..12]), ("registered", v => Table.Time(v.CreatedAt)));
            return ExitCode.Done;
        });
        var deleted = Names.Pipeline;
        var (yes, force) = (Yes, Force);
        noun.Add("delete", "Delete a pipeline", "gofer pipeline delete nightly --yes", [yes, force], [deleted], async (context, token) =>
        {
            var id = context.Parsed.GetValue(deleted)!;
            if (Confirm(context, yes, $"the pipeline '{id}'") is { } refusal) return refusal;
            await context.Client.Pipelines.DeletePipelineAsync(context.Namespace, id, context.Parsed.GetValue(force), token);
            context.Error.WriteLine($"The pipeline '{id}' is deleted.");
            return ExitCode.Done;
        });
        return noun;

        static (string, Func<PipelineView, string?>)[] Columns() =>
        [
            ("id", p => p.Id), ("state", p => p.State.ToString().ToLowerInvariant()), ("live", p => p.LiveVersion.ToString(CultureInfo.InvariantCulture)),
            ("latest", p => p.LatestVersion.ToString(CultureInfo.InvariantCulture)), ("last run", p => p.LastRun.ToString(CultureInfo.InvariantCulture)), ("name", p => p.Name),
        ];
    }

    /// <summary><c>gofer run PIPELINE</c> runs; <c>gofer run list</c> and <c>get</c> read. A pipeline of such a name is run with <c>--</c> before it.</summary>
    public static Command WithRunVerbs(this Command noun)
    {
        var pipeline = Names.PipelineOrAll;
        var limit = Limit;
        var states = new Option<string[]>("--state") { Description = "Only runs in that state. May be repeated." };
        states.MustBeOneOf([.. Enum.GetNames<RunState>().Select(n => n.ToLowerInvariant())]);
        var labels = new Option<string[]>("--label", "-l") { Description = "Only runs with that label, KEY:VALUE. May be repeated.", HelpName = "KEY:VALUE" };
        noun.Add("list", "List runs, newest first", "gofer run list nightly --state failed --limit 10", [limit, states, labels], [pipeline], async (context, token) =>
        {
            var (state, label) = (context.Parsed.GetValue(states), context.Parsed.GetValue(labels));
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = context.Parsed.GetValue(pipeline) is { } name
                    ? await context.Client.Runs.ListRunsAsync(context.Namespace, name, state, label: label, limit: most, cursor: cursor, cancellationToken: token)
                    : await context.Client.Runs.ListNamespaceRunsAsync(context.Namespace, state, label: label, limit: most, cursor: cursor, cancellationToken: token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, r => $"{r.Pipeline}/{r.Number}", Columns());
            return ExitCode.Done;
        });
        var owner = Names.Pipeline;
        var number = Names.RunOrLatest;
        noun.Add("get", "Read a run", "gofer run get nightly 17", [], [owner, number], async (context, token) =>
        {
            var (name, run) = (context.Parsed.GetValue(owner)!, context.Parsed.GetValue(number)!);
            if (context.Parsed.GetValue(GlobalOptions.Output) == "table")
            {
                await new RunFollowing(context, context.Client, context.Namespace, name, await context.NumberAsync(name, run, token)).ShowAsync(token);
                return ExitCode.Done;
            }

            context.PrintOne(await context.Client.Runs.GetRunAsync(context.Namespace, name, run, token), r => $"{r.Pipeline}/{r.Number}", Columns());
            return ExitCode.Done;
        });
        return noun;

        static (string, Func<RunView, string?>)[] Columns() =>
        [
            ("pipeline", r => r.Pipeline), ("run", r => r.Number.ToString(CultureInfo.InvariantCulture)), ("state", r => r.State.ToString().ToLowerInvariant()),
            ("version", r => r.Version.ToString(CultureInfo.InvariantCulture)), ("took", r => Table.Duration(r.StartedAt, r.EndedAt, TimeProvider.System)),
            ("created", r => Table.Time(r.CreatedAt)), ("message", r => r.Message),
        ];
    }

    public static Command Task()
    {
        var noun = new Command("task", "Tasks of runs.").Example("gofer task list nightly 17");
        var (pipeline, run, limit) = (Names.Pipeline, Names.RunOrLatest, Limit);
        noun.Add("list", "List the tasks of a run", "gofer task list nightly 17", [limit], [pipeline, run], async (context, token) =>
        {
            var name = context.Parsed.GetValue(pipeline)!;
            var found = await context.NumberAsync(name, context.Parsed.GetValue(run)!, token);
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Tasks.ListTasksAsync(context.Namespace, name, found, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, t => t.Id, Columns());
            return ExitCode.Done;
        });
        var (of, number, task) = (Names.Pipeline, Names.Run, Names.Task);
        noun.Add("get", "Read a task", "gofer task get nightly 17 extract", [], [of, number, task], async (context, token) =>
        {
            var view = await context.Client.Tasks.GetTaskAsync(context.Namespace, context.Parsed.GetValue(of)!, context.Parsed.GetValue(number)!, context.Parsed.GetValue(task)!, token);
            context.PrintOne(view, t => t.Id, Columns());
            if (context.Parsed.GetValue(GlobalOptions.Output) == "table") TaskRemarks.WriteAttempts(context.Out, view);
            return ExitCode.Done;
        });
        var (at, which, stopped) = (Names.Pipeline, Names.Run, Names.Task);
        noun.Add("cancel", "Cancel a task", "gofer task cancel nightly 17 extract", [], [at, which, stopped], async (context, token) =>
        {
            var view = await context.Client.Tasks.CancelTaskAsync(
                context.Namespace, context.Parsed.GetValue(at)!, context.Parsed.GetValue(which)!, context.Parsed.GetValue(stopped)!, new CancelBody(), token);
            context.PrintOne(view, t => t.Id, Columns());
            return ExitCode.Done;
        });
        return noun;

        static (string, Func<TaskView, string?>)[] Columns() =>
        [
            ("id", t => t.Id), ("state", t => t.State.ToString().ToLowerInvariant()), ("exit", t => t.ExitCode?.ToString(CultureInfo.InvariantCulture)),
            ("took", t => Table.Duration(t.StartedAt, t.EndedAt, TimeProvider.System)), ("remark", TaskRemarks.Of),
        ];
    }

    internal static void Add(
        this Command noun, string verb, string help, string example, Option[] options, Argument[] arguments, Func<CommandContext, CancellationToken, Task<ExitCode>> action)
    {
        var command = new Command(verb, $"{help}.").Example(example);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        foreach (var option in options) command.Options.Add(option);
        command.Run(action);
        noun.Subcommands.Add(command);
    }

    /// <summary>Asks before something is deleted; null where the answer was yes, or <c>--yes</c> gave it.</summary>
    internal static ExitCode? Confirm(CommandContext context, Option<bool> yes, string what)
    {
        if (context.Parsed.GetValue(yes)) return null;
        if (Console.IsInputRedirected)
        {
            context.Error.WriteLine($"gofer: Deleting {what} needs a yes, and there is no terminal to ask at. Nothing was deleted.");
            context.Error.WriteLine("  Say so beforehand with --yes.");
            return ExitCode.Usage;
        }

        context.Error.Write($"Delete {what}? [y/N] ");
        if (Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes") return null;
        context.Error.WriteLine("Nothing was deleted.");
        return ExitCode.Failed;
    }
}
