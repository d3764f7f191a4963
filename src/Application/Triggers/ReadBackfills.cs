using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>Lists the backfills of a pipeline, newest first; those of some triggers where any are named.</summary>
public sealed record ListBackfills(NamespaceScope Namespace, string Pipeline, IReadOnlyList<string> Triggers, PageRequest Page) : IRequest<Result<Page<BackfillView>>>;

/// <summary>Reads one backfill.</summary>
public sealed record GetBackfill(NamespaceScope Namespace, string Pipeline, string Id) : IRequest<Result<BackfillView>>;

internal sealed class ListBackfillsHandler(IGoferDb db) : IRequestHandler<ListBackfills, Result<Page<BackfillView>>>
{
    public async Task<Result<Page<BackfillView>>> Handle(ListBackfills request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        if (request.Page.Check() is { } refused) return refused;
        if (request.Triggers.Select(Slug.Complaint).FirstOrDefault(c => c is not null) is { } complaint) return Error.Invalid("/trigger", $"trigger {complaint}");
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        Guid place = default;
        if (cursor.Value is { } text && !Guid.TryParse(text, out place)) return Cursors.Bad;
        var before = new BackfillId(place);

        var rows = db.Backfills.AsNoTracking().Where(b => b.PipelineId == pipeline.Value.Id);
        // Ids are of the order in which they were made.
        if (cursor.Value is not null) rows = rows.Where(b => b.Id < before);
        if (request.Triggers.Count > 0) rows = rows.Where(b => request.Triggers.Contains(b.Trigger));
        var page = await rows.OrderByDescending(b => b.Id).Take(request.Page.Take + 1)
            .Select(b => new { Backfill = b, Active = db.ActiveRuns.Count(r => r.BackfillId == b.Id) }).ToListAsync(cancellationToken);
        return Cursors.Page(page, request.Page.Take, b => b.Backfill.View(request.Namespace.Name, request.Pipeline, b.Active), b => b.Backfill.Id.ToString());
    }
}

internal sealed class GetBackfillHandler(IGoferDb db) : IRequestHandler<GetBackfill, Result<BackfillView>>
{
    public async Task<Result<BackfillView>> Handle(GetBackfill request, CancellationToken cancellationToken)
    {
        var found = await db.FindBackfillAsync(request.Namespace, request.Pipeline, request.Id, cancellationToken);
        if (!found.IsOk) return found.Error;
        return found.Value.View(request.Namespace.Name, request.Pipeline, await db.CountActiveAsync(found.Value.Id, cancellationToken));
    }
}
