using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Secrets;

/// <summary>Lists the secrets of one place by key, without their values.</summary>
public sealed record ListSecrets(SecretPlace Place, PageRequest Page) : IRequest<Result<Page<SecretView>>>;

internal sealed class ListSecretsHandler(IGoferDb db, ISecretStore store) : IRequestHandler<ListSecrets, Result<Page<SecretView>>>
{
    public async Task<Result<Page<SecretView>>> Handle(ListSecrets request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var after = Cursors.Read(request.Page.Cursor);
        if (!after.IsOk) return after.Error;
        var scope = await db.FindScopeAsync(request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var rows = await store.ListAsync(scope.Value, after.Value ?? "", request.Page.Take + 1, cancellationToken);
        return Cursors.Page(rows, request.Page.Take, s => s.View(scope.Value), s => s.Key);
    }
}
