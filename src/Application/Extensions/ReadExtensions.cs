using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Extensions;

/// <summary>Lists extensions by name.</summary>
public sealed record ListExtensions(PageRequest Page) : IRequest<Result<Page<ExtensionView>>>;

/// <summary>Reads an extension.</summary>
public sealed record GetExtension(string Name) : IRequest<Result<Tagged<ExtensionView>>>;

/// <summary>
/// What an extension wrote after the <paramref name="After"/>th piece, oldest first, some pieces at most; or its newest <paramref name="Tail"/> lines.
/// </summary>
public sealed record ReadExtensionLog(string Name, long After, int? Tail) : IRequest<Result<ExtensionLog>>;

/// <summary>Pieces of an extension's output, and the place of the last.</summary>
public sealed record ExtensionLog(IReadOnlyList<byte[]> Pieces, long Last);

internal sealed class ListExtensionsHandler(IGoferDb db) : IRequestHandler<ListExtensions, Result<Page<ExtensionView>>>
{
    public async Task<Result<Page<ExtensionView>>> Handle(ListExtensions request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;
        var place = after.Value ?? "";
        var rows = await db.Extensions.AsNoTracking().Where(e => e.Name.CompareTo(place) > 0).OrderBy(e => e.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        var ids = rows.Select(e => e.Id).ToList();
        var names = rows.Select(e => (string?)e.Name).ToList();
        var statuses = await db.ExtensionStatuses.AsNoTracking().Where(s => ids.Contains(s.ExtensionId)).ToDictionaryAsync(s => s.ExtensionId, cancellationToken);
        var counts = await db.Triggers.Where(t => names.Contains(t.Extension)).GroupBy(t => t.Extension!).Select(g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
        return Cursors.Page(rows, request.Page.Take, e => e.View(statuses.GetValueOrDefault(e.Id), counts.GetValueOrDefault(e.Name)), e => e.Name);
    }
}

internal sealed class GetExtensionHandler(IGoferDb db) : IRequestHandler<GetExtension, Result<Tagged<ExtensionView>>>
{
    public async Task<Result<Tagged<ExtensionView>>> Handle(GetExtension request, CancellationToken cancellationToken)
    {
        var extension = await db.FindExtensionAsync(request.Name, cancellationToken);
        return extension.IsOk ? await db.TaggedAsync(extension.Value, cancellationToken) : extension.Error;
    }
}

internal sealed class ReadExtensionLogHandler(IGoferDb db) : IRequestHandler<ReadExtensionLog, Result<ExtensionLog>>
{
    /// <summary>Pieces of one answer: each is 64 KiB at most.</summary>
    private const int AtOnce = 16;

    public async Task<Result<ExtensionLog>> Handle(ReadExtensionLog request, CancellationToken cancellationToken)
    {
        var extension = await db.FindExtensionAsync(request.Name, cancellationToken);
        if (!extension.IsOk) return extension.Error;
        var (id, after) = (extension.Value.Id, request.After);
        var log = db.ExtensionLogs.AsNoTracking().Where(l => l.ExtensionId == id);
        if (request.Tail is { } tail) return await TailAsync(log, tail, cancellationToken);
        var pieces = await log.Where(l => l.Seq > after).OrderBy(l => l.Seq).Take(AtOnce).ToListAsync(cancellationToken);
        return new ExtensionLog([.. pieces.Select(p => p.Bytes)], pieces.Count > 0 ? pieces[^1].Seq : after);
    }

    /// <summary>The newest lines, of which the last need have no end. No more is kept of one than fits into memory.</summary>
    private static async Task<ExtensionLog> TailAsync(IQueryable<ExtensionLogRow> log, int tail, CancellationToken cancellationToken)
    {
        var (newest, last, ends) = (new List<byte[]>(), 0L, 0);
        for (var before = long.MaxValue; ends <= tail;)
        {
            var some = await log.Where(l => l.Seq < before).OrderByDescending(l => l.Seq).Take(AtOnce).ToListAsync(cancellationToken);
            if (some.Count == 0) break;
            (last, before) = (Math.Max(last, some[0].Seq), some[^1].Seq);
            newest.AddRange(some.Select(s => s.Bytes));
            ends += some.Sum(s => s.Bytes.Count(b => b == (byte)'\n'));
        }

        newest.Reverse();
        byte[] whole = [.. newest.SelectMany(b => b)];
        if (whole.Length == 0) return new ExtensionLog([], last);
        var from = whole[^1] == (byte)'\n' ? whole.Length - 1 : whole.Length;
        for (var lines = 0; lines < tail && from > 0; lines++) from = Array.LastIndexOf(whole, (byte)'\n', from - 1) is var end and >= 0 ? end : -1;
        return new ExtensionLog([whole[(from + 1)..]], last);
    }
}
