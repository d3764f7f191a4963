using System.Globalization;
using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>
/// A backfill as the API shows it. Of its <paramref name="Total"/> times so many as were <paramref name="Made"/> are events; <paramref name="Active"/> of its runs
/// have not ended. <paramref name="Limit"/> is how many times were asked for at most, and null for all.
/// </summary>
public sealed record BackfillView(
    Guid Id, string Namespace, string Pipeline, string Trigger, BackfillState State, string? Reason, DateTimeOffset From, DateTimeOffset To, int? Limit, int Parallel,
    bool Reverse, int? Version, IReadOnlyDictionary<string, JsonElement> Params, int Total, int Made, int Active, string? Actor, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);

/// <summary>What a backfill would run: how many times, and the first and the last in the order in which they are taken.</summary>
public sealed record BackfillPlanView(int Total, DateTimeOffset First, DateTimeOffset Last);

/// <summary>What the use cases of backfills share.</summary>
internal static class BackfillViews
{
    private static readonly Dictionary<string, JsonElement> s_none = [];

    public static BackfillView View(this Backfill backfill, string @namespace, string pipeline, int active) => new(
        backfill.Id.Value, @namespace, pipeline, backfill.Trigger, backfill.State, backfill.Reason, backfill.From, backfill.To, backfill.Limit, backfill.Parallel,
        backfill.Reverse, backfill.Version, backfill.Params ?? s_none, backfill.Total, backfill.Made, active, backfill.Actor, backfill.CreatedAt, backfill.EndedAt);

    /// <summary>201 with the backfill as it stands when it is stored.</summary>
    public static StoredAnswer Answer(this Backfill backfill, string @namespace, string pipeline) => new(
        201, string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/{@namespace}/pipelines/{pipeline}/backfills/{backfill.Id}"),
        JsonSerializer.Serialize(backfill.View(@namespace, pipeline, 0), GoferJson.Options));

    /// <summary>Its runs that have not ended.</summary>
    public static Task<int> CountActiveAsync(this IGoferDb db, BackfillId backfill, CancellationToken cancellationToken) =>
        db.ActiveRuns.CountAsync(r => r.BackfillId == backfill, cancellationToken);

    /// <summary>The backfill of that id of the pipeline.</summary>
    public static async Task<Result<Backfill>> FindBackfillAsync(this IGoferDb db, NamespaceScope scope, string pipeline, string id, CancellationToken cancellationToken)
    {
        var found = await db.FindPipelineAsync(scope, pipeline, cancellationToken);
        if (!found.IsOk) return found.Error;
        if (Guid.TryParse(id, out var guid) && new BackfillId(guid) is var wanted
            && await db.Backfills.AsNoTracking().SingleOrDefaultAsync(b => b.Id == wanted && b.PipelineId == found.Value.Id, cancellationToken) is { } backfill)
        {
            return backfill;
        }

        return new Error(ErrorKind.NotFound, ErrorCodes.BackfillNotFound, $"The pipeline '{pipeline}' has no backfill {Shown.Quoted(id)}.");
    }
}
