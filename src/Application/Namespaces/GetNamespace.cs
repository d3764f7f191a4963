using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Namespaces;

/// <summary>Reads one namespace.</summary>
public sealed record GetNamespace(NamespaceScope Namespace) : IRequest<Result<Tagged<NamespaceView>>>;

internal sealed class GetNamespaceHandler(IGoferDb db) : IRequestHandler<GetNamespace, Result<Tagged<NamespaceView>>>
{
    public async Task<Result<Tagged<NamespaceView>>> Handle(GetNamespace request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        return home.IsOk ? home.Value.Tagged() : home.Error;
    }
}
