using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Secrets;

/// <summary>Deletes a secret. Tasks that run keep what they were started with; one that starts later and names it fails.</summary>
public sealed record DeleteSecret(SecretPlace Place, string Key) : IRequest<Result>;

internal sealed class DeleteSecretHandler(IGoferDb db, ISecretStore store, SecretChanges changes) : IRequestHandler<DeleteSecret, Result>
{
    public async Task<Result> Handle(DeleteSecret request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        return Slug.IsValid(request.Key) && await changes.DeleteAsync(request.Place, scope.Value, request.Key, cancellationToken)
            ? Result.Ok
            : await store.MissingAsync(scope.Value, request.Key, cancellationToken);
    }
}
