using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.SharedTasks;

/// <summary>Whose shared tasks a route speaks of: a namespace's, or the install's where it is null.</summary>
public sealed record SharedTaskPlace(NamespaceScope? Namespace)
{
    /// <summary>The install's own.</summary>
    public static SharedTaskPlace Global { get; } = new((NamespaceScope?)null);
}

/// <summary>A shared task as the API shows it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Namespace">The namespace that it is of; null for a global one.</param>
/// <param name="Version">Its newest version.</param>
/// <param name="Definition">The definition of that version.</param>
/// <param name="CreatedAt">When its first version was registered.</param>
/// <param name="ModifiedAt">When its latest was.</param>
public sealed record SharedTaskView(string Id, string? Namespace, string Version, JsonElement Definition, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt);

/// <summary>A version of a shared task as the API shows it.</summary>
public sealed record SharedTaskVersionView(string Version, string ContentHash, DateTimeOffset CreatedAt, JsonElement Definition);

/// <summary>What a registration came to; <paramref name="Created"/> is false where the version was there already, with the same content.</summary>
public sealed record SharedTaskRegistrationView(string Id, string? Namespace, string Version, string ContentHash, bool Created);

/// <summary>What the use cases of shared tasks share.</summary>
internal static class SharedTaskViews
{
    /// <summary>How many names are looked through for the one that was meant.</summary>
    private const int Suggestions = 1000;

    public static SharedTaskView View(this SharedTask task, SharedTaskVersion latest, SharedTaskPlace place) =>
        new(task.Name, place.Namespace?.Name, latest.Version.ToString(), Json(latest), task.CreatedAt, task.ModifiedAt);

    public static SharedTaskVersionView View(this SharedTaskVersion version) => new(version.Version.ToString(), version.ContentHash, version.CreatedAt, Json(version));

    extension(IGoferDb db)
    {
        /// <summary>The namespace's id; null for the install.</summary>
        public async Task<Result<NamespaceId?>> FindHomeAsync(SharedTaskPlace place, CancellationToken cancellationToken)
        {
            if (place.Namespace is not { } scope) return (NamespaceId?)null;
            var home = await db.FindNamespaceAsync(scope, cancellationToken);
            return home.IsOk ? home.Value.Id : home.Error;
        }

        /// <summary>The shared task of that name.</summary>
        public async Task<Result<SharedTask>> FindSharedTaskAsync(SharedTaskPlace place, string name, CancellationToken cancellationToken)
        {
            var home = await db.FindHomeAsync(place, cancellationToken);
            if (!home.IsOk) return home.Error;
            var id = home.Value;
            // A name that cannot be is not asked for: it may hold what no database text can.
            var found = Slug.IsValid(name) ? await db.SharedTasks.SingleOrDefaultAsync(t => t.NamespaceId == id && t.Name == name, cancellationToken) : null;
            if (found is not null) return found;
            var names = await db.SharedTasks.Where(t => t.NamespaceId == id).Select(t => t.Name).Take(Suggestions).ToListAsync(cancellationToken);
            var where = place.Namespace is { } scope ? $"in {Shown.Quoted(scope.Name)}" : "of the install";
            return Lookups.NotFound(ErrorCodes.SharedTaskNotFound, $"No shared task {Shown.Quoted(name)} {where}.", name, names);
        }
    }

    private static JsonElement Json(SharedTaskVersion version)
    {
        using var json = JsonDocument.Parse(version.Definition);
        return json.RootElement.Clone();
    }
}
