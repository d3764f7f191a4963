using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Pipelines;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Extensions;

/// <summary>An extension as the API shows it: how it is run, what became of it, and what it says of itself.</summary>
public sealed record ExtensionView(string Id, bool Enabled, ExtensionState State, string? Message)
{
    /// <summary>The image; null for one that somebody else runs.</summary>
    public string? Image { get; init; }

    /// <summary>Replaces the image's entrypoint.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Replaces the image's command.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The user that it runs as.</summary>
    public string? User { get; init; }

    /// <summary>The folder that it starts in.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>Whether the image is pulled anew at each start.</summary>
    public bool AlwaysPullNewestImage { get; init; }

    /// <summary>The login at the image's registry; the password is a reference.</summary>
    public RegistryAuth? RegistryAuth { get; init; }

    /// <summary>What it may take.</summary>
    public TaskResources? Resources { get; init; }

    /// <summary>Where somebody else runs it; null for one that Gofer runs.</summary>
    public string? Endpoint { get; init; }

    /// <summary>What it is given; secrets as references.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>What it says of itself; null where it never answered.</summary>
    public ExtensionDescription? Description { get; init; }

    /// <summary>Containers that were started for it after the first.</summary>
    public int Restarts { get; init; }

    /// <summary>Since when it answers; null where it does not.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Triggers that subscribe to it.</summary>
    public int Subscriptions { get; init; }

    /// <summary>The path of its URL, for what others send it: shown by the one answer that makes it, and null in all others.</summary>
    public string? Hook { get; init; }

    /// <summary>The token that one at an endpoint has to know: shown by the one answer that makes it, and null in all others.</summary>
    public string? Token { get; init; }

    /// <summary>When it was installed.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; init; }
}

/// <summary>What the use cases of extensions share.</summary>
internal static class ExtensionViews
{
    public static ExtensionView View(this Extension extension, ExtensionStatusRow? status, int subscriptions, string? hook = null, string? token = null)
    {
        var definition = ExtensionReader.ReadStored(extension.Definition);
        return new ExtensionView(extension.Name, extension.Enabled, status?.State ?? ExtensionState.Stopped, status?.Message)
        {
            Image = definition.Endpoint is null ? definition.Image : null,
            Entrypoint = definition.Entrypoint,
            Command = definition.Command,
            User = definition.User,
            WorkingDir = definition.WorkingDir,
            AlwaysPullNewestImage = definition.AlwaysPullNewestImage,
            RegistryAuth = definition.RegistryAuth,
            Resources = definition.Resources is { Cpu: null, Memory: null } ? null : definition.Resources,
            Endpoint = definition.Endpoint?.ToString(),
            Settings = definition.Settings,
            Description = status.Describes(),
            Restarts = status?.Restarts ?? 0,
            StartedAt = status?.StartedAt,
            Subscriptions = subscriptions,
            Hook = hook is null ? null : $"/api/v1/hooks/{hook}",
            Token = token,
            CreatedAt = extension.CreatedAt,
            ModifiedAt = extension.ModifiedAt,
        };
    }

    /// <summary>What it said of itself.</summary>
    public static ExtensionDescription? Describes(this ExtensionStatusRow? status) =>
        status?.Description is { } text ? JsonSerializer.Deserialize<ExtensionDescription>(text, GoferJson.Options) : null;

    /// <summary>The view of one, with what became of it.</summary>
    public static async Task<Tagged<ExtensionView>> TaggedAsync(this IGoferDb db, Extension extension, CancellationToken cancellationToken, string? hook = null, string? token = null)
    {
        var status = await db.ExtensionStatuses.AsNoTracking().SingleOrDefaultAsync(s => s.ExtensionId == extension.Id, cancellationToken);
        var subscriptions = await db.Triggers.CountAsync(t => t.Extension == extension.Name, cancellationToken);
        return new Tagged<ExtensionView>(extension.View(status, subscriptions, hook, token), EntityTags.Of(extension.Revision));
    }

    /// <summary>The extension of that name.</summary>
    public static async Task<Result<Extension>> FindExtensionAsync(this IGoferDb db, string name, CancellationToken cancellationToken)
    {
        if (Slug.IsValid(name) && await db.Extensions.SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is { } found) return found;
        var names = await db.Extensions.Select(e => e.Name).Take(ExtensionDefinition.MaxCount).ToListAsync(cancellationToken);
        return Lookups.NotFound(ErrorCodes.ExtensionNotFound, $"No extension {Shown.Quoted(name)}.", name, names);
    }
}
