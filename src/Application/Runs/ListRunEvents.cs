using System.Globalization;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Lists a run's events in the order in which they happened.</summary>
public sealed record ListRunEvents(RunPath Path, PageRequest Page) : IRequest<Result<Page<EventView>>>;

internal sealed class ListRunEventsHandler(IGoferDb db, IVersionGraphs versions) : IRequestHandler<ListRunEvents, Result<Page<EventView>>>
{
    public async Task<Result<Page<EventView>>> Handle(ListRunEvents request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var after = 0;
        if (cursor.Value is { } place && !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out after)) return Cursors.Bad;

        var rows = await db.Events.AsNoTracking().Where(e => e.RunId == scope.Value.Run.Id && e.LastSeq > after && e.Seq > after)
            .OrderBy(e => e.Seq).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, e => e.View(scope.Value), e => e.Seq.ToString(CultureInfo.InvariantCulture));
    }
}
