using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary>The nouns with their <c>list</c>, <c>get</c> and <c>delete</c>.</summary>
internal static class NounCommands
{
    private static Option<bool> Yes => new("--yes", "-y") { Description = "Do not ask." };

    private static Option<bool> Force => new("--force") { Description = "Cancel unfinished runs first." };

    private static Option<int?> Limit => new("--limit") { Description = "How many at most, 50 where none is given." };

    public static Command Namespace()
    {
        var noun = new Command("namespace", "Namespaces.\n\nExample: gofer namespace create team-data");
        var limit = Limit;
        noun.Add("list", "List namespaces", [limit], [], async (context, token) =>
        {
            var page = await context.Client.Namespaces.ListNamespacesAsync(context.Parsed.GetValue(limit), cancellationToken: token);
            context.Print(page.Items, n => n.Id, Columns());
            return ExitCode.Done;
        });
        var got = new Argument<string>("id");
        noun.Add("get", "Read a namespace", [], [got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Namespaces.GetNamespaceAsync(context.Parsed.GetValue(got)!, token), n => n.Id, Columns());
            return ExitCode.Done;
        });
        var created = new Argument<string>("id");
        var (description, tasks, weight) = (SettingCommands.Describing, SettingCommands.TaskLimit, SettingCommands.Weight);
        noun.Add("create", "Make a namespace.\n\nExample: gofer namespace create team-data --task-limit 20", [description, tasks, weight], [created], async (context, token) =>
        {
            var body = new NewNamespaceBody { Id = context.Parsed.GetValue(created)!, Description = context.Parsed.GetValue(description), TaskLimit = context.Parsed.GetValue(tasks), Weight = context.Parsed.GetValue(weight) };
            context.PrintOne(await context.Client.Namespaces.CreateNamespaceAsync(body, token), n => n.Id, Columns());
            return ExitCode.Done;
        });
        var deleted = new Argument<string>("id");
        var (yes, force) = (Yes, Force);
        noun.Add("delete", "Delete a namespace", [yes, force], [deleted], async (context, token) =>
        {
            var id = context.Parsed.GetValue(deleted)!;
            if (!Confirm(context, yes, $"Delete the namespace '{id}'?")) return ExitCode.Failed;
            await context.Client.Namespaces.DeleteNamespaceAsync(id, context.Parsed.GetValue(force), token);
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
        var noun = new Command("pipeline", "Pipelines.\n\nExample: gofer pipeline list");
        var limit = Limit;
        noun.Add("list", "List pipelines", [limit], [], async (context, token) =>
        {
            var page = await context.Client.Pipelines.ListPipelinesAsync(context.Namespace, context.Parsed.GetValue(limit), cancellationToken: token);
            context.Print(page.Items, p => p.Id, Columns());
            return ExitCode.Done;
        });
        var got = new Argument<string>("pipeline");
        noun.Add("get", "Read a pipeline", [], [got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Pipelines.GetPipelineAsync(context.Namespace, context.Parsed.GetValue(got)!, token), p => p.Id, Columns());
            return ExitCode.Done;
        });
        var versioned = new Argument<string>("pipeline");
        noun.Add("versions", "List the versions of a pipeline", [], [versioned], async (context, token) =>
        {
            var page = await context.Client.Versions.ListVersionsAsync(context.Namespace, context.Parsed.GetValue(versioned)!, cancellationToken: token);
            context.Print(
                page.Items, v => v.Version.ToString(CultureInfo.InvariantCulture), ("version", v => v.Version.ToString(CultureInfo.InvariantCulture)),
                ("live", v => v.Live ? "yes" : ""), ("hash", v => v.ContentHash[..12]), ("registered", v => Table.Time(v.CreatedAt)));
            return ExitCode.Done;
        });
        var deleted = new Argument<string>("pipeline");
        var (yes, force) = (Yes, Force);
        noun.Add("delete", "Delete a pipeline", [yes, force], [deleted], async (context, token) =>
        {
            var id = context.Parsed.GetValue(deleted)!;
            if (!Confirm(context, yes, $"Delete the pipeline '{id}'?")) return ExitCode.Failed;
            await context.Client.Pipelines.DeletePipelineAsync(context.Namespace, id, context.Parsed.GetValue(force), token);
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
        var pipeline = new Argument<string?>("pipeline") { Description = "All of the namespace where none is given.", DefaultValueFactory = _ => null };
        var limit = Limit;
        var states = new Option<string[]>("--state") { Description = "Only runs in that state. May be repeated." };
        var labels = new Option<string[]>("--label", "-l") { Description = "Only runs with that label, KEY:VALUE. May be repeated." };
        noun.Add("list", "List runs, newest first", [limit, states, labels], [pipeline], async (context, token) =>
        {
            var (state, label, most) = (context.Parsed.GetValue(states), context.Parsed.GetValue(labels), context.Parsed.GetValue(limit));
            var page = context.Parsed.GetValue(pipeline) is { } name
                ? await context.Client.Runs.ListRunsAsync(context.Namespace, name, state, label: label, limit: most, cancellationToken: token)
                : await context.Client.Runs.ListNamespaceRunsAsync(context.Namespace, state, label: label, limit: most, cancellationToken: token);
            context.Print(page.Items, r => $"{r.Pipeline}/{r.Number}", Columns());
            return ExitCode.Done;
        });
        var owner = new Argument<string>("pipeline");
        var number = new Argument<string>("run") { DefaultValueFactory = _ => "latest" };
        noun.Add("get", "Read a run", [], [owner, number], async (context, token) =>
        {
            var (name, run) = (context.Parsed.GetValue(owner)!, context.Parsed.GetValue(number)!);
            if (context.Parsed.GetValue(GlobalOptions.Output) == "table")
            {
                await new RunFollowing(context, context.Client, context.Namespace, name, run).ShowAsync(token);
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
        var noun = new Command("task", "Tasks of runs.\n\nExample: gofer task list nightly 17");
        var (pipeline, run) = (new Argument<string>("pipeline"), new Argument<string>("run") { DefaultValueFactory = _ => "latest" });
        noun.Add("list", "List the tasks of a run", [], [pipeline, run], async (context, token) =>
        {
            var page = await context.Client.Tasks.ListTasksAsync(context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!, token);
            context.Print(page.Items, t => t.Id, Columns());
            return ExitCode.Done;
        });
        var (of, number, task) = (new Argument<string>("pipeline"), new Argument<string>("run"), new Argument<string>("task"));
        noun.Add("get", "Read a task", [], [of, number, task], async (context, token) =>
        {
            var view = await context.Client.Tasks.GetTaskAsync(context.Namespace, context.Parsed.GetValue(of)!, context.Parsed.GetValue(number)!, context.Parsed.GetValue(task)!, token);
            context.PrintOne(view, t => t.Id, Columns());
            if (context.Parsed.GetValue(GlobalOptions.Output) == "table") TaskRemarks.WriteAttempts(context.Out, view);
            return ExitCode.Done;
        });
        var (at, which, stopped) = (new Argument<string>("pipeline"), new Argument<string>("run"), new Argument<string>("task"));
        noun.Add("cancel", "Cancel a task", [], [at, which, stopped], async (context, token) =>
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

    private static void Add(
        this Command noun, string verb, string help, Option[] options, Argument[] arguments, Func<CommandContext, CancellationToken, Task<ExitCode>> action)
    {
        var command = new Command(verb, help);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        foreach (var option in options) command.Options.Add(option);
        command.Run(action);
        noun.Subcommands.Add(command);
    }

    private static bool Confirm(CommandContext context, Option<bool> yes, string question)
    {
        if (context.Parsed.GetValue(yes)) return true;
        if (Console.IsInputRedirected)
        {
            context.Error.WriteLine($"gofer: {question} Say so with --yes.");
            return false;
        }

        context.Error.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
