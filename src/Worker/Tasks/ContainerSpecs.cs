using System.Globalization;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Tasks;

/// <summary>Says what container a claimed task wants. The name is a function of install, run, task and attempt, so whoever asks finds the same one.</summary>
public sealed class ContainerSpecs(IInstall install, IOptions<WorkerOptions> options)
{
    /// <summary>The container's name.</summary>
    public string NameOf(ClaimedTask task) => string.Create(
        CultureInfo.InvariantCulture, $"gofer-{install.Id.ToString("N")[..8]}-{task.Held.Run.Value:N}-{task.Held.Task}-{task.Attempt}");

    /// <summary>The container, with what the task's secrets and objects are; what has no value there stays as it is written.</summary>
    public ContainerSpec For(ClaimedTask task, ResolvedSecrets secrets)
    {
        var definition = task.Definition;
        return new ContainerSpec
        {
            Name = NameOf(task),
            Labels = Labels(task),
            Image = definition.Image,
            Entrypoint = definition.Entrypoint,
            Command = definition.Command,
            Environment = Environment(task, secrets),
            Inputs = Inputs(task, secrets),
            WorkingDir = definition.WorkingDir,
            User = definition.User,
            CpuMillis = definition.Resources.CpuMillis,
            MemoryBytes = definition.Resources.MemoryBytes,
            AlwaysPull = definition.AlwaysPullNewestImage,
            RegistryAuth = definition.RegistryAuth is { } auth ? (Put(task, secrets, auth.User), Put(task, secrets, auth.Pass)) : null,
        };
    }

    private Dictionary<string, string> Labels(ClaimedTask task) => new(install.Labels)
    {
        [ContainerLabels.Install] = install.Id.ToString(),
        [ContainerLabels.Namespace] = task.Namespace,
        [ContainerLabels.Pipeline] = task.Pipeline,
        [ContainerLabels.Run] = task.RunNumber.ToString(CultureInfo.InvariantCulture),
        [ContainerLabels.RunId] = task.Held.Run.ToString(),
        [ContainerLabels.Task] = task.TaskId,
        [ContainerLabels.Attempt] = task.Attempt.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>What the shared task gets, with what its secrets and objects are; nothing for a container of the task's own.</summary>
    private static Dictionary<string, string> Inputs(ClaimedTask task, ResolvedSecrets secrets) => task.Shared is not { } shared
        ? []
        : shared.Inputs.ToDictionary(i => i.Key, i => i.Value.Reference is { } reference ? secrets.Values.GetValueOrDefault(reference, i.Value.Text) : i.Value.Text);

    /// <summary>
    /// The run's variables win over the document's, those over the matrix's; names of the system are refused in all. Nobody wins over the inputs of a shared task,
    /// which were judged: a container has them here, a service by themselves.
    /// </summary>
    private Dictionary<string, string> Environment(ClaimedTask task, ResolvedSecrets secrets)
    {
        var environment = new Dictionary<string, string>
        {
            ["GOFER_NAMESPACE_ID"] = task.Namespace,
            ["GOFER_PIPELINE_ID"] = task.Pipeline,
            ["GOFER_PIPELINE_VERSION"] = task.Version.ToString(CultureInfo.InvariantCulture),
            ["GOFER_RUN_ID"] = task.RunNumber.ToString(CultureInfo.InvariantCulture),
            ["GOFER_RUN_UUID"] = task.Held.Run.ToString(),
            ["GOFER_TASK_ID"] = task.TaskId,
            ["GOFER_TASK_IMAGE"] = task.Definition.Image,
            ["GOFER_ATTEMPT"] = task.Attempt.ToString(CultureInfo.InvariantCulture),
        };
        if (secrets.Values.TryGetValue((Interpolation.RunToken, ""), out var token)) environment["GOFER_API_TOKEN"] = token;
        if (options.Value.PublicUrl is { } url) environment["GOFER_API_URL"] = url;
        foreach (var (name, value) in task.Matrix ?? new Dictionary<string, string>()) environment[name.ToUpperInvariant()] = value;
        foreach (var (name, value) in task.Definition.Variables) environment[name] = Put(task, secrets, value);
        foreach (var (name, value) in task.RunVariables) environment[name] = value;
        if (task.Shared is { Definition.Container: not null }) foreach (var (name, value) in Inputs(task, secrets)) environment[SharedTaskReader.Variable(name)] = value;
        return environment;
    }

    /// <summary>The value, or what it stands for.</summary>
    private static string Put(ClaimedTask task, ResolvedSecrets secrets, string value) => Interpolation.Parse(value) switch
    {
        null => value,
        { Kind: Interpolation.Param } found => task.Parameters.GetValueOrDefault(found.Key, ""),
        { } found => secrets.Values.GetValueOrDefault(found, value),
    };
}
