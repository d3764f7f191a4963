using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Makes a namespace; one of that name must not exist.</summary>
public sealed record CreateNamespace(string Name, NamespaceSettings Settings) : IRequest<Result<Tagged<NamespaceView>>>;

internal sealed class CreateNamespaceHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<CreateNamespace, Result<Tagged<NamespaceView>>>
{
    public async Task<Result<Tagged<NamespaceView>>> Handle(CreateNamespace request, CancellationToken cancellationToken)
    {
        if (NamespaceViews.Check(request.Name, request.Settings) is { } refused) return refused;
        if (await db.Namespaces.AnyAsync(n => n.Name == request.Name && n.DeletedAt == null, cancellationToken))
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.NamespaceExists, $"The namespace '{request.Name}' exists already. Use PUT to replace it.");
        }

        var now = clock.GetUtcNow();
        var home = new Namespace(new NamespaceId(Guid.CreateVersion7(now)), request.Name, request.Settings.Description ?? "", now);
        request.Settings.Replace(home, now);
        db.Namespaces.Add(home);
        audit.Note(AuditTypes.NamespaceCreated, home);
        await db.SaveChangesAsync(cancellationToken);
        return home.Tagged();
    }
}
