using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Makes a namespace; one of that name must not exist.</summary>
public sealed record CreateNamespace(string Name, string Description) : IRequest<Result<Tagged<NamespaceView>>>;

internal sealed class CreateNamespaceHandler(IGoferDb db, TimeProvider clock) : IRequestHandler<CreateNamespace, Result<Tagged<NamespaceView>>>
{
    public async Task<Result<Tagged<NamespaceView>>> Handle(CreateNamespace request, CancellationToken cancellationToken)
    {
        if (NamespaceViews.Check(request.Name, request.Description) is { } refused) return refused;
        if (await ExistsAsync(request.Name, cancellationToken)) return Exists(request.Name);

        var now = clock.GetUtcNow();
        var home = new Namespace(new NamespaceId(Guid.CreateVersion7(now)), request.Name, request.Description, now);
        db.Namespaces.Add(home);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            // Somebody else made it in the meantime, or the database has another complaint, which is not ours to hide.
            if (!await ExistsAsync(request.Name, cancellationToken)) throw;
            return Exists(request.Name);
        }

        return home.Tagged();
    }

    private Task<bool> ExistsAsync(string name, CancellationToken cancellationToken) =>
        db.Namespaces.AsNoTracking().AnyAsync(n => n.Name == name && n.DeletedAt == null, cancellationToken);

    private static Error Exists(string name) =>
        new(ErrorKind.Conflict, ErrorCodes.NamespaceExists, $"The namespace '{name}' exists already. Use PUT to replace it.");
}
