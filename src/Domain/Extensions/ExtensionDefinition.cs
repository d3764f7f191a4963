using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Extensions;

/// <summary>How an extension is run, or where it is: read and found good by <see cref="ExtensionReader"/>. Immutable.</summary>
public sealed record ExtensionDefinition
{
    /// <summary>The most extensions of an install.</summary>
    public const int MaxCount = 100;

    /// <summary>Its name in the install.</summary>
    public required string Id { get; init; }

    /// <summary>The image; empty for one that somebody else runs.</summary>
    public string Image { get; init; } = "";

    /// <summary>Replaces the image's entrypoint.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Replaces the image's command.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The user to run as; null keeps the image's.</summary>
    public string? User { get; init; }

    /// <summary>The folder to start in; null keeps the image's.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>Whether the image is pulled anew at each start.</summary>
    public bool AlwaysPullNewestImage { get; init; }

    /// <summary>The login at the image's registry, or null.</summary>
    public RegistryAuth? RegistryAuth { get; init; }

    /// <summary>What it may take.</summary>
    public TaskResources Resources { get; init; } = new();

    /// <summary>Where it is, for one that somebody else runs; else null.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>What it is given: text, or a global secret in place of all of a value.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
