using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Objects;

namespace Gofer.Application.Objects;

/// <summary>An object as the API shows it beside its bytes.</summary>
/// <param name="Key">Its name, as <c>run_object{{key}}</c> has it.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">The digest of its bytes, 64 hexadecimal digits; the entity tag of its bytes is this in quotes.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it got its present bytes.</param>
public sealed record ObjectView(string Key, long Size, string Sha256, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>What an upload came to: the object, and the keys of those that had to go, oldest first, since there are so many at most.</summary>
public sealed record PutObjectView(string Key, long Size, string Sha256, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string> Evicted);

/// <summary>Whose objects a route speaks of: a run's, or with no run the pipeline's. <paramref name="Run"/> is a number or <c>latest</c>.</summary>
public sealed record ObjectPlace(NamespaceScope Namespace, string Pipeline, string? Run);

/// <summary>What the use cases of objects share.</summary>
internal static class ObjectViews
{
    /// <summary>How many keys are looked through for the one that was meant.</summary>
    private const int Suggestions = 1000;

    public static ObjectView View(this ObjectInfo found) => new(found.Key, found.Size, Convert.ToHexStringLower(found.Sha256), found.CreatedAt, found.UpdatedAt);

    /// <summary>The scope that a place names, or what of it is not there.</summary>
    public static async Task<Result<ObjectScope>> FindScopeAsync(this IGoferDb db, IVersionGraphs versions, ObjectPlace place, CancellationToken cancellationToken)
    {
        if (place.Run is { } run)
        {
            var found = await db.FindRunAsync(versions, new RunPath(place.Namespace, place.Pipeline, run), cancellationToken);
            return found.IsOk
                ? new ObjectScope.OfRun(found.Value.Run.Id, found.Value.Run.Number) { Namespace = found.Value.Run.NamespaceId, Pipeline = found.Value.Run.PipelineId }
                : found.Error;
        }

        var pipeline = await db.FindPipelineAsync(place.Namespace, place.Pipeline, cancellationToken);
        return pipeline.IsOk ? new ObjectScope.OfPipeline { Namespace = pipeline.Value.NamespaceId, Pipeline = pipeline.Value.Id } : pipeline.Error;
    }

    /// <summary>The error for a key that is not there, with the nearest that is.</summary>
    public static async Task<Error> MissingAsync(this IObjectIndex index, ObjectScope scope, string key, CancellationToken cancellationToken)
    {
        var keys = await index.ListAsync(scope, "", Suggestions, cancellationToken);
        return Lookups.NotFound(ErrorCodes.ObjectNotFound, $"No {scope.Kind} object {Shown.Quoted(key)}.", key, keys.Select(o => o.Key));
    }
}
