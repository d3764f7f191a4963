using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>Lists the pipelines of a namespace by name.</summary>
public sealed record ListPipelines(NamespaceScope Namespace, PageRequest Page) : IRequest<Result<Page<PipelineView>>>;

internal sealed class ListPipelinesHandler(IGoferDb db) : IRequestHandler<ListPipelines, Result<Page<PipelineView>>>
{
    public async Task<Result<Page<PipelineView>>> Handle(ListPipelines request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;

        var place = after.Value ?? "";
        var rows = await db.Pipelines.AsNoTracking()
            .Where(p => p.NamespaceId == home.Value.Id && p.DeletedAt == null && p.Name.CompareTo(place) > 0)
            .OrderBy(p => p.Name).Take(request.Page.Take + 1)
            .Join(db.Heads.AsNoTracking(), p => p.Id, h => h.PipelineId, (p, h) => new { Pipeline = p, Head = h })
            .OrderBy(r => r.Pipeline.Name)
            .ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, r => r.Pipeline.View(r.Head, request.Namespace.Name), r => r.Pipeline.Name);
    }
}
