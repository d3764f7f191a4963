using Gofer.Domain.Pipelines;

namespace Gofer.Domain.SharedTasks;

/// <summary>One version of a shared task: what it takes, and what does the work, which is a container or a service that is called.</summary>
public sealed record SharedTaskDefinition
{
    /// <summary>Versions of one shared task.</summary>
    public const int MaxVersions = 1000;

    /// <summary>Its version.</summary>
    public required TaskVersion Version { get; init; }

    /// <summary>What it is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>What it takes, in the author's order.</summary>
    public required IReadOnlyList<ParamDefinition> Inputs { get; init; }

    /// <summary>The container; null where it is a call. Its id is empty.</summary>
    public TaskDefinition? Container { get; init; }

    /// <summary>The call; null where it is a container.</summary>
    public TaskCall? Call { get; init; }

    /// <summary>A task that uses it, with the container that it brings; the task's own variables and resources win over those of the definition.</summary>
    public TaskDefinition Apply(TaskDefinition task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (Container is not { } container) return task;
        var variables = new Dictionary<string, string>(container.Variables, StringComparer.Ordinal);
        foreach (var (name, value) in task.Variables) variables[name] = value;
        return task with
        {
            Image = container.Image,
            Entrypoint = container.Entrypoint,
            Command = container.Command,
            Variables = variables,
            RegistryAuth = container.RegistryAuth,
            WorkingDir = container.WorkingDir,
            User = container.User,
            AlwaysPullNewestImage = container.AlwaysPullNewestImage,
            Resources = new TaskResources { Cpu = task.Resources.Cpu ?? container.Resources.Cpu, Memory = task.Resources.Memory ?? container.Resources.Memory },
        };
    }
}

/// <summary>A shared task that is a service of <c>gofer.task.v1</c>.</summary>
/// <param name="Endpoint">Where it answers, as it was written.</param>
/// <param name="Task">What it calls the task.</param>
/// <param name="Token">The secret that is its token, such as <c>namespace_secret{{lint}}</c>; null where it asks for none.</param>
public sealed record TaskCall(string Endpoint, string Task, string? Token)
{
    /// <summary>The back end of every call: no worker is nearer to a service than another, so nothing pins an attempt to one.</summary>
    public const string Backend = "call";

    /// <summary>The longest address, in characters.</summary>
    public const int MaxEndpoint = 2048;
}
