using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;
using MediatR;

namespace Gofer.Application.Secrets;

/// <summary>Gives a secret a value; the secret is made where there is none. <paramref name="Namespaces"/> are for global secrets, which need some.</summary>
public sealed record PutSecret(SecretPlace Place, string Key, SecretText Value, IReadOnlyList<string>? Namespaces) : IRequest<Result<PutSecretAnswer>>;

/// <summary>The secret as it is now, and whether it was made just now.</summary>
public sealed record PutSecretAnswer(SecretView Secret, bool Created);

internal sealed class PutSecretHandler(IGoferDb db, SecretChanges changes) : IRequestHandler<PutSecret, Result<PutSecretAnswer>>
{
    public async Task<Result<PutSecretAnswer>> Handle(PutSecret request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        if (Slug.Complaint(request.Key) is { } complaint) return Error.Invalid("/key", $"The key {complaint}");
        return await changes.PutAsync(request.Place, scope.Value, request.Key, request.Value, request.Namespaces, cancellationToken) is { } put
            ? new PutSecretAnswer(put.View(scope.Value), put.Version == 1)
            : Error.Invalid("/namespaces", "'namespaces' is missing: say whose tasks may have the secret, such as [\"team-*\"], or [\"*\"] for all.");
    }
}
