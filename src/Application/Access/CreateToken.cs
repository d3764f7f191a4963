using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Makes a token that allows no more than its maker's own.</summary>
public sealed record CreateToken(Caller Caller, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Namespaces, TimeSpan Life) : IRequest<Result<NewTokenView>>;

internal sealed class CreateTokenHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<CreateToken, Result<NewTokenView>>
{
    public async Task<Result<NewTokenView>> Handle(CreateToken request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var caller = await db.GrantsOfAsync(request.Caller, clock, cancellationToken);
        if (await db.RefuseAsync(caller, request.Roles, request.Namespaces, cancellationToken) is { } refused) return refused;
        var (text, now) = (TokenText.New(), clock.GetUtcNow());
        var token = new Token(text, request.Caller.Id, now, now + request.Life);
        token.Grant(request.Name, request.Roles, request.Namespaces);
        db.Tokens.Add(token);
        audit.Note(AuditTypes.TokenCreated, token);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return token.View(text);
    }
}
