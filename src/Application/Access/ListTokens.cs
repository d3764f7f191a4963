using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Lists tokens by id.</summary>
public sealed record ListTokens(PageRequest Page) : IRequest<Result<Page<TokenView>>>;

internal sealed class ListTokensHandler(IGoferDb db) : IRequestHandler<ListTokens, Result<Page<TokenView>>>
{
    public async Task<Result<Page<TokenView>>> Handle(ListTokens request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;
        var place = after.Value ?? "";
        var rows = await db.Tokens.AsNoTracking().Where(t => t.Id.CompareTo(place) > 0).OrderBy(t => t.Id).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, t => t.View(), t => t.Id);
    }
}
