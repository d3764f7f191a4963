using System.Globalization;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>Lists the versions of a pipeline, newest first.</summary>
public sealed record ListVersions(NamespaceScope Namespace, string Pipeline, PageRequest Page) : IRequest<Result<Page<VersionView>>>;

/// <summary>Reads one version; <paramref name="Version"/> is its number as the caller wrote it.</summary>
public sealed record GetVersion(NamespaceScope Namespace, string Pipeline, string Version) : IRequest<Result<VersionView>>;

/// <summary>Compares a version with another, or with the live one where none is named.</summary>
public sealed record DiffVersion(NamespaceScope Namespace, string Pipeline, string Version, int? Against) : IRequest<Result<DiffView>>;

internal sealed class ListVersionsHandler(IGoferDb db) : IRequestHandler<ListVersions, Result<Page<VersionView>>>
{
    public async Task<Result<Page<VersionView>>> Handle(ListVersions request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var before = int.MaxValue;
        if (cursor.Value is { } place && !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out before)) return Cursors.Bad;

        var live = await db.LiveVersionAsync(pipeline.Value.Id, cancellationToken);
        var rows = await db.Versions.AsNoTracking().Where(v => v.PipelineId == pipeline.Value.Id && v.Version < before)
            .OrderByDescending(v => v.Version).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, v => v.View(live), v => v.Version.ToString(CultureInfo.InvariantCulture));
    }
}

internal sealed class GetVersionHandler(IGoferDb db) : IRequestHandler<GetVersion, Result<VersionView>>
{
    public async Task<Result<VersionView>> Handle(GetVersion request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var version = await db.FindVersionAsync(pipeline.Value.Id, request.Version, cancellationToken);
        return version.IsOk ? version.Value.View(await db.LiveVersionAsync(pipeline.Value.Id, cancellationToken)) : version.Error;
    }
}

internal sealed class DiffVersionHandler(IGoferDb db) : IRequestHandler<DiffVersion, Result<DiffView>>
{
    public async Task<Result<DiffView>> Handle(DiffVersion request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var to = await db.FindVersionAsync(pipeline.Value.Id, request.Version, cancellationToken);
        if (!to.IsOk) return to.Error;
        var against = request.Against ?? await db.LiveVersionAsync(pipeline.Value.Id, cancellationToken);
        var from = await db.FindVersionAsync(pipeline.Value.Id, against, cancellationToken);
        return from.IsOk
            ? new DiffView(against, to.Value.Version, PipelineViews.Diff(from.Value.Document, DocumentReader.ReadStored(to.Value.Document)))
            : from.Error;
    }
}

/// <summary>Finds versions.</summary>
internal static class VersionLookups
{
    extension(IGoferDb db)
    {
        /// <summary>The number of the live version.</summary>
        public Task<int> LiveVersionAsync(PipelineId pipeline, CancellationToken cancellationToken) =>
            db.Heads.Where(h => h.PipelineId == pipeline).Select(h => h.LiveVersion).SingleAsync(cancellationToken);

        /// <summary>The version that a caller names by its number.</summary>
        public async Task<Result<PipelineVersion>> FindVersionAsync(PipelineId pipeline, string version, CancellationToken cancellationToken) =>
            int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? await db.FindVersionAsync(pipeline, number, cancellationToken)
                : new Error(ErrorKind.NotFound, ErrorCodes.VersionNotFound, $"{Shown.Quoted(version)} is no version: give its number.");

        /// <summary>The version of that number.</summary>
        public async Task<Result<PipelineVersion>> FindVersionAsync(PipelineId pipeline, int version, CancellationToken cancellationToken)
        {
            var found = await db.Versions.AsNoTracking().SingleOrDefaultAsync(v => v.PipelineId == pipeline && v.Version == version, cancellationToken);
            if (found is not null) return found;
            var newest = await db.Heads.Where(h => h.PipelineId == pipeline).Select(h => h.LastVersion).SingleAsync(cancellationToken);
            return new Error(ErrorKind.NotFound, ErrorCodes.VersionNotFound, $"The pipeline has no version {version}; its versions are 1 to {newest}.");
        }
    }
}
