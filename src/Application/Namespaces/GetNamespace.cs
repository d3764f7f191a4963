using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Namespaces;

/// <summary>Reads one namespace.</summary>
public sealed record GetNamespace(string Name) : IRequest<Result<Tagged<NamespaceView>>>;

internal sealed class GetNamespaceHandler(IGoferDb db) : IRequestHandler<GetNamespace, Result<Tagged<NamespaceView>>>
{
    public async Task<Result<Tagged<NamespaceView>>> Handle(GetNamespace request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Name, cancellationToken);
        return home.IsOk ? home.Value.Tagged() : home.Error;
    }
}
