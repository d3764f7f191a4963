using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Pipelines;

namespace Gofer.Api.Extensions;

/// <summary>The body that installs an extension.</summary>
public sealed record ExtensionRequest(ExtensionDefinition Definition, bool Enabled) : IBody<ExtensionRequest>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(ExtensionBody);

    /// <inheritdoc/>
    public static ExtensionRequest? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root.Clone(), faults) is not { } fields) return null;
        var enabled = fields["enabled"].Flag() ?? true;
        return new ExtensionRequest(ExtensionReader.Read(fields), enabled);
    }
}

/// <summary>The body that changes an extension: what is left away stays, and <c>null</c> takes a member away.</summary>
public sealed record ExtensionChangeRequest(ExtensionChange Change, bool? Enabled) : IBody<ExtensionChangeRequest>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(ExtensionChangeBody);

    /// <inheritdoc/>
    public static ExtensionChangeRequest? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root.Clone(), faults) is not { } fields) return null;
        var enabled = fields["enabled"].Flag();
        return new ExtensionChangeRequest(ExtensionChange.Read(root, fields), enabled);
    }
}

/// <summary>How an extension is run, or where somebody else runs it: one of <c>image</c> and <c>endpoint</c> must be there. What is left away stays as it is.</summary>
public record ExtensionChangeBody
{
    /// <summary>Whether it is to run.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The image that is run.</summary>
    public string? Image { get; init; }

    /// <summary>Where somebody else runs it: a gRPC server such as <c>https://ticker.example:7777</c>.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Replaces the image's entrypoint.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Replaces the image's command.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>The user to run as.</summary>
    public string? User { get; init; }

    /// <summary>The folder to start in.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>Whether the image is pulled anew at each start.</summary>
    public bool? AlwaysPullNewestImage { get; init; }

    /// <summary>The login at the image's registry; the password stands for a global secret.</summary>
    public RegistryAuth? RegistryAuth { get; init; }

    /// <summary>What it may take.</summary>
    public TaskResources? Resources { get; init; }

    /// <summary>What it is given: values by name, of which one may stand for a global secret.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }
}

/// <summary>An extension as it is written.</summary>
/// <param name="Id">Its name in the install.</param>
public sealed record ExtensionBody(string Id) : ExtensionChangeBody;
