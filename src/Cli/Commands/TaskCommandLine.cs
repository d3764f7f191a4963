using System.CommandLine;
using System.Text.Json;
using Gofer.Application.Queue;
using Gofer.Application.Secrets;
using Gofer.Application.SharedTasks;
using Gofer.Cli.Configuration;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Worker;
using Gofer.Worker.Local;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Options;
using PipelineDocument = Gofer.Domain.Pipelines.PipelineDocument;

namespace Gofer.Cli.Commands;

/// <summary><c>task command</c>: what Gofer did for a task, as a line to do it by hand.</summary>
internal static class TaskCommandLine
{
    /// <summary>Adds <c>task command</c>.</summary>
    public static Command WithCommandLine(this Command noun)
    {
        var (pipeline, run, task) = (Names.Pipeline, Names.Run, Names.Task);
        var command = new Command(
            "command",
            "Print the docker run line that does by hand what Gofer did for a task. Secrets stand in it as \"$NAME\": set them in your shell.")
            .Example("gofer task command nightly 17 extract");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        command.Arguments.Add(task);
        command.Run(async (context, token) =>
        {
            var (name, number, id) = (context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!, context.Parsed.GetValue(task)!);
            var found = await context.Client.Runs.GetRunAsync(context.Namespace, name, number, token);
            number = found.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var view = await context.Client.Tasks.GetTaskAsync(context.Namespace, name, number, id, token);
            var version = await context.Client.Versions.GetVersionAsync(
                context.Namespace, name, found.Version.ToString(System.Globalization.CultureInfo.InvariantCulture), token);
            var document = DocumentReader.Read(version.Document, DocumentLimits.None);
            if (!document.IsOk) return context.Fail(document.Error);

            var claimed = Claimed(found, view, document.Value);
            if (view.Uses is { } uses)
            {
                if (found.SharedTasks?.GetValueOrDefault(uses) is not { } used) return context.Fail(Error.Invalid("", $"The run does not say what {uses} came to."));
                var definition = await SharedAsync(context, TaskUse.Parse(uses).Name, used, token);
                if (definition.Call is { } call) return context.Fail(Error.Invalid("", $"The task uses {uses}, version {used.Version}, which is the service at {call.Endpoint}: there is no container to run by hand."));
                claimed = claimed with
                {
                    Definition = definition.Apply(claimed.Definition),
                    Shared = new ClaimedSharedTask(definition, TaskInputs.Resolve(definition, claimed.Definition.With, claimed.Parameters)),
                };
            }

            var line = Of(claimed, context.Settings[SettingTable.PublicUrl]);
            if (context.IsTable) context.Out.WriteLine(line);
            context.PrintAnswer(new { Command = line }, c => c.Command);
            Remark(context.Error, view, claimed);
            return ExitCode.Done;
        });
        noun.Subcommands.Add(command);
        return noun;
    }

    /// <summary>The line of a task as a worker would have claimed it; pure.</summary>
    internal static string Of(ClaimedTask task, string? publicUrl)
    {
        var specs = new ContainerSpecs(new LocalInstall(TimeProvider.System), Options.Create(new WorkerOptions { PublicUrl = publicUrl }));
        return DockerCommandLine.Of(specs.For(task, ResolvedSecrets.None), Secrets(task).Select(s => s.Name).ToHashSet());
    }

    /// <summary>The task as it was when its last attempt was claimed.</summary>
    internal static ClaimedTask Claimed(RunView run, TaskView task, PipelineDocument document)
    {
        var graph = new TaskGraph(document.Tasks);
        var index = graph.IndexOf(task.Id)!.Value;
        var attempt = Math.Max(1, task.Attempt);
        return new ClaimedTask
        {
            Held = new HeldTask(new RunId(run.Id), index, attempt),
            Attempt = attempt,
            WasStarted = false,
            StopRequested = false,
            Namespace = run.Namespace,
            Pipeline = run.Pipeline,
            RunNumber = run.Number,
            Version = run.Version,
            RunVariables = run.Variables,
            Parameters = run.Params.ToDictionary(p => p.Key, p => p.Value.ValueKind == JsonValueKind.String ? p.Value.GetString()! : p.Value.GetRawText()),
            Matrix = graph.Nodes[index].Matrix,
            Children = graph.ChildrenOf(index),
            TaskId = task.Id,
            Definition = graph.Nodes[index].Definition,
        };
    }

    /// <summary>The version of a shared task that the run has.</summary>
    private static async Task<SharedTaskDefinition> SharedAsync(CommandContext context, string name, UsedSharedTaskView used, CancellationToken token)
    {
        var version = used.Scope == SharedTaskPin.Global
            ? await context.Client.SharedTasks.GetSharedTaskVersionAsync(name, used.Version, token)
            : await context.Client.SharedTasks.GetNamespaceSharedTaskVersionAsync(context.Namespace, name, used.Version, token);
        return SharedTaskReader.ReadStored(version.Definition.GetRawText());
    }

    /// <summary>Variables whose value is a secret's or an object's, where the run does not set them itself; inputs of a shared task are always its own.</summary>
    private static IEnumerable<(string Name, string Kind, string Key)> Secrets(ClaimedTask task) => Variables(task).Concat(
        from input in task.Shared?.Inputs ?? new Dictionary<string, InputValue>()
        where input.Value.Reference is not null
        select (SharedTaskReader.Variable(input.Key), input.Value.Reference!.Value.Kind, input.Value.Reference.Value.Key));

    private static IEnumerable<(string Name, string Kind, string Key)> Variables(ClaimedTask task) =>
        from variable in task.Definition.Variables
        where !task.RunVariables.ContainsKey(variable.Key)
        let reference = Interpolation.Parse(variable.Value)
        where reference is { } found && found.Kind != Interpolation.Param
        select (variable.Key, reference.Value.Kind, reference.Value.Key);

    /// <summary>What somebody has to know before the line does the same.</summary>
    private static void Remark(TextWriter error, TaskView view, ClaimedTask task)
    {
        foreach (var (name, kind, key) in Secrets(task)) error.WriteLine($"{name} is {kind}{{{{{key}}}}}: set it in your shell first.");
        if (task.Definition.InjectApiToken) error.WriteLine("The task has a token of its run (inject_api_token); this has none.");
        if (task.Definition.RegistryAuth is not null) error.WriteLine("The image's registry wants a login: docker login, with what registry_auth says.");
        if (view.Attempt == 0) error.WriteLine($"{view.Id} has not started yet; this is what its first attempt would be.");
        if (view.Scheduler is { } scheduler and not "docker") error.WriteLine($"It ran on {scheduler}; this does the same on Docker.");
        if (view.ImageDigest is { } digest) error.WriteLine($"The image was {digest}.");
        error.WriteLine($"It wants Gofer's network, which any task on that engine made; else: docker network create {DockerScheduler.NetworkName}");
    }
}
