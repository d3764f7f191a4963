using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Makes a namespace, or gives the one of that name other settings.</summary>
public sealed record PutNamespace(NamespaceScope Namespace, NamespaceSettings Settings, string? IfMatch) : IRequest<Result<PutNamespaceAnswer>>;

/// <summary>The namespace as it is now, and whether it was made just now.</summary>
public sealed record PutNamespaceAnswer(Tagged<NamespaceView> Namespace, bool Created);

internal sealed class PutNamespaceHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<PutNamespace, Result<PutNamespaceAnswer>>
{
    public async Task<Result<PutNamespaceAnswer>> Handle(PutNamespace request, CancellationToken cancellationToken)
    {
        var name = request.Namespace.Name;
        if (NamespaceViews.Check(name, request.Settings) is { } refused) return refused;
        var home = await db.Namespaces.SingleOrDefaultAsync(n => n.Name == name && n.DeletedAt == null, cancellationToken);
        if (home is null)
        {
            if (EntityTags.RefuseMissing(request.IfMatch, "namespace") is { } missing) return missing;
            var now = clock.GetUtcNow();
            home = new Namespace(new NamespaceId(Guid.CreateVersion7(now)), name, request.Settings.Description ?? "", now);
            request.Settings.Replace(home, now);
            db.Namespaces.Add(home);
            audit.Note(AuditTypes.NamespaceCreated, home);
            await db.SaveChangesAsync(cancellationToken);
            return new PutNamespaceAnswer(home.Tagged(), Created: true);
        }

        if (EntityTags.Refuse(request.IfMatch, home.Revision) is { } stale) return stale;
        var revision = home.Revision;
        request.Settings.Replace(home, clock.GetUtcNow());
        if (home.Revision != revision) audit.Note(AuditTypes.NamespaceUpdated, home);
        await db.SaveChangesAsync(cancellationToken);
        return new PutNamespaceAnswer(home.Tagged(), Created: false);
    }
}
