using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Makes a namespace, or gives the one of that name another description.</summary>
public sealed record PutNamespace(string Name, string Description, string? IfMatch) : IRequest<Result<PutNamespaceAnswer>>;

/// <summary>The namespace as it is now, and whether it was made just now.</summary>
public sealed record PutNamespaceAnswer(Tagged<NamespaceView> Namespace, bool Created);

internal sealed class PutNamespaceHandler(IGoferDb db, TimeProvider clock) : IRequestHandler<PutNamespace, Result<PutNamespaceAnswer>>
{
    public async Task<Result<PutNamespaceAnswer>> Handle(PutNamespace request, CancellationToken cancellationToken)
    {
        if (NamespaceViews.Check(request.Name, request.Description) is { } refused) return refused;
        var home = await db.Namespaces.SingleOrDefaultAsync(n => n.Name == request.Name && n.DeletedAt == null, cancellationToken);
        if (home is null)
        {
            if (EntityTags.RefuseMissing(request.IfMatch, "namespace") is { } missing) return missing;
            var now = clock.GetUtcNow();
            home = new Namespace(new NamespaceId(Guid.CreateVersion7(now)), request.Name, request.Description, now);
            db.Namespaces.Add(home);
            await db.SaveChangesAsync(cancellationToken);
            return new PutNamespaceAnswer(home.Tagged(), Created: true);
        }

        if (EntityTags.Refuse(request.IfMatch, home.Revision) is { } stale) return stale;
        home.Describe(request.Description, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return new PutNamespaceAnswer(home.Tagged(), Created: false);
    }
}
