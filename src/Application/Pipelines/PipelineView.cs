using System.Globalization;
using System.Text.Json;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Pipelines;

namespace Gofer.Application.Pipelines;

/// <summary>A pipeline as the API shows it; <paramref name="Id"/> is its name, <paramref name="State"/> <c>active</c> or <c>paused</c>.</summary>
public sealed record PipelineView(
    string Id, string Namespace, string Name, string Description, PipelineState State, int LiveVersion, int? PreviousLiveVersion, int LatestVersion, long LastRun,
    DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt);

/// <summary>Whether a pipeline takes new runs.</summary>
public enum PipelineState
{
    /// <summary>It does.</summary>
    Active,

    /// <summary>It does not; what runs goes on.</summary>
    Paused,
}

/// <summary>A version as the API shows it.</summary>
public sealed record VersionView(int Version, string ContentHash, bool Live, DateTimeOffset CreatedAt, JsonElement Document);

/// <summary>What a registration came to.</summary>
public sealed record RegistrationView(int Version, bool Created, bool Live, IReadOnlyList<ChangeView> Diff);

/// <summary>One difference between two documents: <paramref name="Kind"/> is <c>added</c>, <c>removed</c> or <c>changed</c>; values are JSON text.</summary>
public sealed record ChangeView(string Kind, string Pointer, string? From, string? To);

/// <summary>The differences between two documents.</summary>
public sealed record DiffView(int? From, int To, IReadOnlyList<ChangeView> Changes);

/// <summary>What the pipeline use cases share.</summary>
internal static class PipelineViews
{
    public static PipelineView View(this Pipeline pipeline, PipelineHead head, string @namespace) => new(
        pipeline.Name, @namespace, pipeline.Title, pipeline.Description, head.Paused ? PipelineState.Paused : PipelineState.Active,
        head.LiveVersion, head.PreviousLiveVersion, head.LastVersion, head.LastRun, pipeline.CreatedAt, pipeline.ModifiedAt);

    public static Tagged<PipelineView> Tagged(this Pipeline pipeline, PipelineHead head, string @namespace) =>
        new(pipeline.View(head, @namespace), EntityTags.Of(pipeline.Revision));

    /// <summary>Notes that a document became a version.</summary>
    public static void NoteRegistered(this AuditTrail audit, string @namespace, string pipeline, int version, string hash) => audit.Note(
        AuditTypes.VersionRegistered, new AuditTarget(@namespace, pipeline, Number(version)), new { Version = version, ContentHash = hash });

    /// <summary>Notes that a version becomes live in place of another; 0 where there was none.</summary>
    public static void NoteDeployed(this AuditTrail audit, string @namespace, string pipeline, int version, int before) => audit.Note(
        AuditTypes.VersionDeployed, new AuditTarget(@namespace, pipeline, Number(version)), new { Version = version, Before = before });

    private static string Number(int version) => version.ToString(CultureInfo.InvariantCulture);

    public static VersionView View(this PipelineVersion version, int live)
    {
        using var json = JsonDocument.Parse(version.Document);
        return new VersionView(version.Version, version.ContentHash, version.Version == live, version.CreatedAt, json.RootElement.Clone());
    }

    public static IReadOnlyList<ChangeView> Diff(string? from, PipelineDocument to) =>
        [.. DocumentDiff.Between(from is null ? null : DocumentReader.ReadStored(from), to).Select(c => new ChangeView(c.Kind, c.Pointer, c.From, c.To))];
}
