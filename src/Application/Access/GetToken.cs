using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Reads what is known of a token but its text.</summary>
public sealed record GetToken(string Id) : IRequest<Result<Tagged<TokenView>>>;

internal sealed class GetTokenHandler(IGoferDb db) : IRequestHandler<GetToken, Result<Tagged<TokenView>>>
{
    public async Task<Result<Tagged<TokenView>>> Handle(GetToken request, CancellationToken cancellationToken)
    {
        var token = await db.FindTokenAsync(request.Id, cancellationToken);
        return token.IsOk ? token.Value.Tagged() : token.Error;
    }
}
