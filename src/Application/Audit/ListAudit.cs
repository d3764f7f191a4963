using System.Globalization;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Audit;

/// <summary>Lists the audit log, newest first. An entry is in it once it is sealed, which takes two seconds at most.</summary>
public sealed record ListAudit(AuditFilter Filter, PageRequest Page) : IRequest<Result<Page<AuditView>>>;

internal sealed class ListAuditHandler(IGoferDb db) : IRequestHandler<ListAudit, Result<Page<AuditView>>>
{
    /// <summary>Rows that one page reads at most; a filtered page may be shorter than asked for, and then has a cursor.</summary>
    private const int MostRead = 10_000;

    private const int Step = 500;

    public async Task<Result<Page<AuditView>>> Handle(ListAudit request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var before = long.MaxValue;
        if (cursor.Value is { } place && !long.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out before)) return Cursors.Bad;

        var items = new List<AuditView>();
        // Without a filter a page is what was asked for and the one row more that tells whether there is another.
        for (int read = 0, step = Math.Min(Step, request.Page.Take + 1); read < MostRead; read += step, step = Step)
        {
            var from = before;
            var entries = await db.SealedAudit.AsNoTracking().Where(e => e.Seq < from).OrderByDescending(e => e.Seq).Take(step).ToListAsync(cancellationToken);
            foreach (var entry in entries.Where(request.Filter.Wants))
            {
                if (items.Count == request.Page.Take) return Page(items, items[^1].Seq);
                items.Add(entry.View());
            }

            if (entries.Count < step) return Page(items, null);
            before = entries[^1].Seq;
        }

        return Page(items, before);
    }

    private static Page<AuditView> Page(List<AuditView> items, long? next) => new(items, next is { } seq ? Cursors.Of(seq.ToString(CultureInfo.InvariantCulture)) : null);
}
