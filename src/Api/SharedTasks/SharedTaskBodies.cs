using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Api.SharedTasks;

/// <summary>The body that registers a version of a shared task, as it came; what is wrong with it depends on the limits of the server.</summary>
public sealed record SharedTaskRequest(JsonElement Root) : IBody<SharedTaskRequest>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(SharedTaskBody);

    /// <inheritdoc/>
    public static SharedTaskRequest? Read(JsonElement root, FaultList faults) => JsonFields.Open(root, faults) is null ? null : new SharedTaskRequest(root.Clone());
}

/// <summary>A version of a shared task as it is written, with either <c>container</c> or <c>call</c>.</summary>
/// <param name="Version">The version: <c>MAJOR.MINOR</c> or <c>MAJOR.MINOR.PATCH</c>.</param>
public sealed record SharedTaskBody(string Version)
{
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>What it takes; tasks give it in <c>with</c>.</summary>
    public IReadOnlyList<ParamDefinition>? Inputs { get; init; }

    /// <summary>The container that does the work. It finds its inputs as <c>INPUT_NAME</c>.</summary>
    public SharedTaskContainerBody? Container { get; init; }

    /// <summary>The service of <c>gofer.task.v1</c> that does the work.</summary>
    public SharedTaskCallBody? Call { get; init; }
}

/// <summary>The container of a shared task; each member is as a task has it.</summary>
/// <param name="Image">The image, as the container engine names it.</param>
public sealed record SharedTaskContainerBody(string Image)
{
    /// <summary>Replaces the image's entrypoint.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Replaces the image's command.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>The container's environment; those of the task that uses it win.</summary>
    public IReadOnlyDictionary<string, string>? Variables { get; init; }

    /// <summary>How to log in to the image's registry.</summary>
    public RegistryAuth? RegistryAuth { get; init; }

    /// <summary>The folder in which the command starts.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>The user as whom the command runs.</summary>
    public string? User { get; init; }

    /// <summary>What the container may use, where the task that uses it says nothing.</summary>
    public TaskResources? Resources { get; init; }

    /// <summary>Pulls the image even where the engine has one of that name.</summary>
    public bool? AlwaysPullNewestImage { get; init; }
}

/// <summary>Where a shared task that is a service answers.</summary>
/// <param name="Endpoint">Its host and port, such as <c>http://lint.internal:7000</c>.</param>
/// <param name="Task">What it calls the task.</param>
public sealed record SharedTaskCallBody(string Endpoint, string Task)
{
    /// <summary>The secret that is its token, such as <c>namespace_secret{{lint}}</c>.</summary>
    public string? Token { get; init; }
}
