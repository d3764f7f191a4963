using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Access;

/// <summary>Makes the first token of an install, one that may do everything; once, for whoever asks first.</summary>
public sealed record BootstrapToken : IRequest<Result<NewTokenView>>;

internal sealed class BootstrapTokenHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<BootstrapToken, Result<NewTokenView>>
{
    public async Task<Result<NewTokenView>> Handle(BootstrapToken request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        // Of two at once the second waits here for the first one's commit, and then finds it done.
        if (!await db.TakeBootstrapAsync(cancellationToken))
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.AlreadyBootstrapped,
                "The first token of this install was made already. Whoever has a token that may write tokens makes others with 'gofer token create'.");
        }

        var (text, now) = (TokenText.New(), clock.GetUtcNow());
        var token = new Token(text, createdBy: null, now, now + Token.MaxLife);
        token.Grant("bootstrap", [BuiltInRoles.Admin.Name], [AccessWords.All]);
        db.Tokens.Add(token);
        audit.Note(AuditTypes.TokenBootstrapped, token);
        await db.SaveChangesAsync(cancellationToken);
        // A crash here leaves the install as new: nobody has been given the text.
        await transaction.CommitAsync(cancellationToken);
        return token.View(text);
    }
}
