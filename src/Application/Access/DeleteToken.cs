using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Revokes a token for good: every server refuses it within seconds, and what it has open ends.</summary>
public sealed record DeleteToken(string Id) : IRequest<Result>;

internal sealed class DeleteTokenHandler(IGoferDb db) : IRequestHandler<DeleteToken, Result>
{
    public async Task<Result> Handle(DeleteToken request, CancellationToken cancellationToken)
    {
        var token = await db.FindTokenAsync(request.Id, cancellationToken);
        if (!token.IsOk) return token.Error;
        db.Tokens.Remove(token.Value);
        await db.SaveChangesAsync(cancellationToken);
        return Result.Ok;
    }
}
