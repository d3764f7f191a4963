using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Namespaces;

/// <summary>Changes what is given of a namespace.</summary>
public sealed record UpdateNamespace(NamespaceScope Namespace, NamespaceSettings Settings, string? IfMatch) : IRequest<Result<Tagged<NamespaceView>>>;

internal sealed class UpdateNamespaceHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<UpdateNamespace, Result<Tagged<NamespaceView>>>
{
    public async Task<Result<Tagged<NamespaceView>>> Handle(UpdateNamespace request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (NamespaceViews.Check(request.Namespace.Name, request.Settings) is { } refused) return refused;
        if (EntityTags.Refuse(request.IfMatch, home.Value.Revision) is { } stale) return stale;
        var revision = home.Value.Revision;
        request.Settings.Update(home.Value, clock.GetUtcNow());
        if (home.Value.Revision != revision) audit.Note(AuditTypes.NamespaceUpdated, home.Value);
        await db.SaveChangesAsync(cancellationToken);
        return home.Value.Tagged();
    }
}
