using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Secrets;

/// <summary>Reads what is known of a secret but its value.</summary>
public sealed record GetSecret(SecretPlace Place, string Key) : IRequest<Result<SecretView>>;

internal sealed class GetSecretHandler(IGoferDb db, ISecretStore store) : IRequestHandler<GetSecret, Result<SecretView>>
{
    public async Task<Result<SecretView>> Handle(GetSecret request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        // A key that cannot be is not asked for: it may hold what no database text can.
        return Slug.IsValid(request.Key) && await store.FindAsync(scope.Value, request.Key, cancellationToken) is { } found
            ? found.View(scope.Value)
            : await store.MissingAsync(scope.Value, request.Key, cancellationToken);
    }
}
