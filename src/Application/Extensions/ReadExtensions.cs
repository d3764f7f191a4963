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
/// What an extension wrote after the <paramref name="After"/>th piece, oldest first, some pieces at most; the newest pieces alone with <paramref name="Tail"/> bytes or more together.
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
        if (request.Tail is { } tail)
        {
            var (sizes, bytes) = (await log.OrderByDescending(l => l.Seq).Select(l => new { l.Seq, l.Bytes.Length }).ToListAsync(cancellationToken), 0L);
            after = sizes.TakeWhile(s => bytes < tail && (bytes += s.Length) >= 0).LastOrDefault()?.Seq - 1 ?? long.MaxValue;
        }

        var pieces = await log.Where(l => l.Seq > after).OrderBy(l => l.Seq).Take(AtOnce).ToListAsync(cancellationToken);
        return new ExtensionLog([.. pieces.Select(p => p.Bytes)], pieces.Count > 0 ? pieces[^1].Seq : after);
    }
}
