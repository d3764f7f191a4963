using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gofer.Cli.Completion;
using Gofer.Cli.Local;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>run</c>, <c>logs</c>, <c>watch</c>, <c>cancel</c>, <c>deploy</c>, <c>rollback</c>, <c>pause</c>, <c>resume</c>: pipelines at work.</summary>
internal static class OperateCommands
{
    public static Command Run()
    {
        var pipeline = Names.PipelineOrNone;
        var variables = new Option<string[]>("--var") { Description = "An environment variable of all tasks, KEY=VALUE. May be repeated.", HelpName = "KEY=VALUE" };
        var parameters = new Option<string[]>("--param", "-p") { Description = "A parameter of the pipeline, NAME=VALUE; the server reads it by its type. May be repeated.", HelpName = "NAME=VALUE" };
        var priority = new Option<int?>("--priority") { Description = "From -100 to 100, higher goes first; the pipeline's own where none is given." };
        var labels = new Option<string[]>("--label", "-l") { Description = "A label of the run, KEY=VALUE. May be repeated.", HelpName = "KEY=VALUE" };
        var version = new Option<int?>("--version") { Description = "The version to run; the live one where none is given." };
        version.Suggests(Suggestions.Versions);
        var key = new Option<string?>("--idempotency-key") { Description = "Repeating the command with the same key makes no second run." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Follow the run to its end; the exit code is 5 where it failed, 6 where it was cancelled." };
        var command = new Command("run", "Run a pipeline.").Example("gofer run nightly -p region=eu --priority 10 --follow").Example("gofer run --local examples/dag", "without a server");
        command.Arguments.Add(pipeline);
        command.Options.Add(parameters);
        command.Options.Add(variables);
        command.Options.Add(labels);
        command.Options.Add(version);
        command.Options.Add(priority);
        command.Options.Add(key);
        command.Options.Add(follow);
        var local = LocalCommand.AddTo(command, pipeline, labels, version, priority, key);
        command.Run(async (context, token) =>
        {
            var (given, set) = (Pairs(context.Parsed.GetValue(parameters), "--param"), Pairs(context.Parsed.GetValue(variables), "--var"));
            if (local.IsAsked(context) || context.Parsed.GetValue(follow)) context.DemandLines();
            if (local.IsAsked(context)) return await local.RunAsync(context, given, set, token);
            var name = context.Parsed.GetValue(pipeline)!;
            var body = new NewRunBody
            {
                Version = context.Parsed.GetValue(version),
                Params = given?.ToDictionary(p => p.Key, p => JsonSerializer.SerializeToElement(p.Value)),
                Priority = context.Parsed.GetValue(priority),
                Variables = set,
                Labels = Pairs(context.Parsed.GetValue(labels), "--label"),
            };
            var created = await context.Client.Runs.CreateRunAsync(context.Namespace, name, body, context.Parsed.GetValue(key), token);
            if (context.Parsed.GetValue(follow)) return await Following.FollowAsync(context, name, created, token);
            return RerunCommands.Created(context, name, created);
        });
        return command;
    }

    public static Command Logs()
    {
        var (pipeline, run) = (Names.Pipeline, Names.RunOrLatest);
        var task = Names.TaskOrAll;
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the run has ended." };
        var tail = new Option<int?>("--tail") { Description = "Only the last lines." };
        var attempt = new Option<int?>("--attempt") { Description = "Only that attempt of the task; all of them where none is given." };
        var stream = new Option<string?>("--stream") { Description = "Only stdout or stderr." };
        stream.MustBeOneOf("stdout", "stderr");
        var command = new Command("logs", "Print the output of a run, or of one task of it.").Example("gofer logs nightly latest extract -f").Example("gofer logs nightly -f -o jsonl", "one JSON object a line");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        command.Arguments.Add(task);
        command.Options.Add(follow);
        command.Options.Add(tail);
        command.Options.Add(stream);
        command.Options.Add(attempt);
        command.Validators.Add(given =>
        {
            if (given.GetValue(attempt) is not null && given.GetValue(task) is null) given.AddError("--attempt wants a task: gofer logs PIPELINE RUN TASK --attempt N.");
        });
        command.Run(async (context, token) =>
        {
            var (name, number, id) = (context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!, context.Parsed.GetValue(task));
            var (lines, only, attempted) = (context.Parsed.GetValue(tail), context.Parsed.GetValue(stream), context.Parsed.GetValue(attempt));
            context.DemandLines();
            if (!context.Parsed.GetValue(follow))
            {
                if (!context.IsTable) return context.Fail(Error.Invalid("", "Without --follow the output is printed as it is, byte for byte; -o jsonl goes with --follow."));
                return await PlainAsync(context, name, number, id, lines, only, attempted, token);
            }

            number = await context.NumberAsync(name, number, token);
            return await Following.UntilLeftAsync(context, name, number, async leave =>
            {
                var output = context.Client.Streams.LogsAsync(context.Namespace, name, number, id, lines, only, attempted, leave);
                if (context.IsTable) await LogPrinter.FollowAsync(context, output, id is null, leave);
                else await foreach (var line in output.WithCancellation(leave)) context.PrintItem(line);
                return ExitCode.Done;
            }, token);
        });
        return command;
    }

    public static Command Watch()
    {
        var (pipeline, run) = (Names.Pipeline, Names.RunOrLatest);
        var command = new Command("watch", "Show a run as a tree until it has ended.").Example("gofer watch nightly").Example("gofer watch nightly -o jsonl", "one JSON object a change");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        command.Run(async (context, token) =>
        {
            context.DemandLines();
            var name = context.Parsed.GetValue(pipeline)!;
            var found = await context.Client.Runs.GetRunAsync(context.Namespace, name, context.Parsed.GetValue(run)!, token);
            var number = found.Number.ToString(CultureInfo.InvariantCulture);
            var following = new RunFollowing(context, context.Client, context.Namespace, name, number);
            return await Following.UntilLeftAsync(context, name, number, leave =>
            {
                if (Console.IsOutputRedirected) context.Error.WriteLine($"Run {number} of {name}");
                return following.AsTreeAsync(leave);
            }, token);
        });
        return command;
    }

    public static Command Cancel()
    {
        var (pipeline, run) = (Names.Pipeline, Names.RunOrLatest);
        var reason = new Option<string?>("--reason") { Description = "Why; the run keeps it." };
        var command = new Command("cancel", "Cancel a run: what waits ends at once, what runs is stopped.").Example("gofer cancel nightly 17 --reason 'wrong branch'");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        command.Options.Add(reason);
        command.Run(async (context, token) =>
        {
            var cancelled = await context.Client.Runs.CancelRunAsync(
                context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!, new CancelBody { Reason = context.Parsed.GetValue(reason) }, token);
            context.Error.WriteLine(cancelled.State switch
            {
                RunState.Cancelled => $"Run {cancelled.Number} is cancelled.",
                RunState.Succeeded or RunState.Failed => $"Run {cancelled.Number} had ended before: {cancelled.State.ToString().ToLowerInvariant()}.",
                _ => $"Run {cancelled.Number} is being cancelled; its containers are being stopped.",
            });
            context.PrintAnswer(cancelled, r => $"{r.Pipeline}/{r.Number}");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Deploy()
    {
        var pipeline = Names.Pipeline;
        var version = Names.Version;
        var command = new Command("deploy", "Make a version live.").Example("gofer deploy nightly 3");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(version);
        command.Run((context, token) => DeployAsync(context, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(version), token));
        return command;
    }

    public static Command Rollback()
    {
        var pipeline = Names.Pipeline;
        var version = new Argument<int?>("version") { Description = "The version to go back to; the one that was live before where none is given.", DefaultValueFactory = _ => null };
        version.Suggests(Suggestions.Versions);
        var command = new Command("rollback", "Make an earlier version live.").Example("gofer rollback nightly");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(version);
        command.Run(async (context, token) =>
        {
            var name = context.Parsed.GetValue(pipeline)!;
            if (context.Parsed.GetValue(version) is { } named) return await DeployAsync(context, name, named, token);
            var found = await context.Client.Pipelines.GetPipelineAsync(context.Namespace, name, token);
            if (found.PreviousLiveVersion is not { } previous)
            {
                return context.Fail(Error.Invalid("", $"No other version of {name} was live before {found.LiveVersion}. Name the one to go back to: gofer rollback {name} VERSION."));
            }

            var code = await DeployAsync(context, name, previous, token);
            // Whoever types it twice has the newer one again, which may be what they wanted to be rid of.
            if (previous > found.LiveVersion) context.Error.WriteLine($"It is newer than version {found.LiveVersion}, which was live until now. To have that back: gofer rollback {name}{context.Flags}; to go further back, name the version.");
            return code;
        });
        return command;
    }

    public static Command Pause() => State("pause", "Take no new runs; what runs goes on.", PipelineState.Paused);

    public static Command Resume() => State("resume", "Take new runs again.", PipelineState.Active);

    private static Command State(string name, string help, PipelineState state)
    {
        var pipeline = Names.Pipeline;
        var command = new Command(name, help).Example($"gofer {name} nightly");
        command.Arguments.Add(pipeline);
        command.Run(async (context, token) =>
        {
            var changed = await context.Client.Pipelines.UpdatePipelineAsync(
                context.Namespace, context.Parsed.GetValue(pipeline)!, new PipelineBody { State = state }, token);
            context.Error.WriteLine($"{changed.Id} is {changed.State.ToString().ToLowerInvariant()}.");
            context.PrintAnswer(changed, p => p.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<ExitCode> DeployAsync(CommandContext context, string pipeline, int version, CancellationToken token)
    {
        var deployed = await context.Client.Versions.DeployVersionAsync(context.Namespace, pipeline, version.ToString(CultureInfo.InvariantCulture), token);
        context.Error.WriteLine($"Version {deployed.Version} of {pipeline} is live.");
        context.PrintAnswer(deployed, v => v.Version.ToString(CultureInfo.InvariantCulture));
        return ExitCode.Done;
    }

    private static async Task<ExitCode> PlainAsync(
        CommandContext context, string pipeline, string run, string? task, int? tail, string? stream, int? attempt, CancellationToken token)
    {
        await using var output = task is null
            ? await context.Client.Logs.GetRunLogsAsync(context.Namespace, pipeline, run, tail, stream, token)
            : await context.Client.Logs.GetTaskLogsAsync(context.Namespace, pipeline, run, task, attempt, tail, stream, token);
        if (!await LogPrinter.CopyAsync(context, output, token)) await SayWhyNothingAsync(context, pipeline, run, task, token);
        return ExitCode.Done;
    }

    /// <summary>An empty log looks like a broken one: why there is nothing to see is said beside it.</summary>
    private static async Task SayWhyNothingAsync(CommandContext context, string pipeline, string run, string? task, CancellationToken token)
    {
        if (task is null)
        {
            var whole = await context.Client.Runs.GetRunAsync(context.Namespace, pipeline, run, token);
            context.Error.WriteLine(whole.EndedAt is null
                ? $"Run {whole.Number} of {pipeline} is {whole.State.ToString().ToLowerInvariant()} and has printed nothing yet. Follow it with: gofer logs {pipeline} {whole.Number} -f{context.Flags}"
                : $"Run {whole.Number} of {pipeline} {whole.State.ToString().ToLowerInvariant()} and printed nothing.");
            return;
        }

        var view = await context.Client.Tasks.GetTaskAsync(context.Namespace, pipeline, run, task, token);
        var remark = TaskRemarks.Of(view) is { Length: > 0 } said ? $" ({said.TrimEnd('.')})" : "";
        context.Error.WriteLine(view switch
        {
            { EndedAt: not null, StartedAt: null } => $"Task '{task}' never started: it is {view.State.ToString().ToLowerInvariant()}{remark}.",
            { EndedAt: not null } => $"Task '{task}' printed nothing.",
            { StartedAt: null } => $"Task '{task}' has not started: it is {view.State.ToString().ToLowerInvariant()}{remark}. Follow it with: gofer logs {pipeline} {run} {task} -f{context.Flags}",
            _ => $"Task '{task}' has printed nothing yet. Follow it with: gofer logs {pipeline} {run} {task} -f{context.Flags}",
        });
    }

    internal static Dictionary<string, string>? Pairs(string[]? given, string option)
    {
        if (given is null or { Length: 0 }) return null;
        var pairs = new Dictionary<string, string>();
        foreach (var pair in given)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw new CommandException(Error.Invalid("", $"{option} {Shown.Quoted(pair)} must be KEY=VALUE, such as {option} {(pair.Length > 0 && equals < 0 ? Shown.Of(pair) : "key")}=value."), ExitCode.Usage);
            pairs[pair[..equals]] = pair[(equals + 1)..];
        }

        return pairs;
    }
}
