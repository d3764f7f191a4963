using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.SharedTasks;

/// <summary>Registers a version. What is registered stays as it is: the same version again is nothing new, and with other content it is refused.</summary>
public sealed record PutSharedTask(SharedTaskPlace Place, string Name, SharedTaskDefinition Definition) : IRequest<Result<SharedTaskRegistrationView>>;

internal sealed class PutSharedTaskHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<PutSharedTask, Result<SharedTaskRegistrationView>>
{
    public async Task<Result<SharedTaskRegistrationView>> Handle(PutSharedTask request, CancellationToken cancellationToken)
    {
        var home = await db.FindHomeAsync(request.Place, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (Slug.Complaint(request.Name) is { } complaint) return Error.Invalid("", $"The name of the shared task {complaint}");
        await using var transaction = await db.BeginAsync(cancellationToken);
        // Held until the end: a namespace that is being deleted gets nothing any more.
        if (home.Value is { } @namespace && !await db.HoldNamespaceAsync(@namespace, cancellationToken))
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.NamespaceNotFound, "The namespace was deleted just now.");
        }

        var now = clock.GetUtcNow();
        var task = await db.TakeSharedTaskAsync(new SharedTask(new SharedTaskId(Guid.CreateVersion7(now)), home.Value, request.Name, now), cancellationToken);
        var (version, text) = (request.Definition.Version, SharedTaskWriter.Write(request.Definition));
        var hash = DocumentWriter.Hash(text);
        var view = new SharedTaskRegistrationView(task.Name, request.Place.Namespace?.Name, version.ToString(), hash, Created: true);
        var (id, major, minor, patch) = (task.Id, version.Major, version.Minor, version.Patch);
        var known = await db.SharedTaskVersions.AsNoTracking()
            .SingleOrDefaultAsync(v => v.TaskId == id && v.Major == major && v.Minor == minor && v.Patch == patch, cancellationToken);
        if (known is not null)
        {
            return known.ContentHash == hash ? view with { Created = false } : new Error(
                ErrorKind.Conflict, ErrorCodes.SharedTaskVersionExists,
                $"Version {version} of the shared task '{task.Name}' is registered with another content, and a version never changes. Give the new content a new version.");
        }

        if (await db.SharedTaskVersions.CountAsync(v => v.TaskId == id, cancellationToken) >= SharedTaskDefinition.MaxVersions)
        {
            return Error.Invalid("/version", $"The shared task '{task.Name}' has {SharedTaskDefinition.MaxVersions} versions; at most that many are allowed.");
        }

        db.SharedTaskVersions.Add(new SharedTaskVersion(new SharedTaskVersionId(Guid.CreateVersion7(now)), id, version, text, hash, now));
        task.Touch(now);
        audit.Note(AuditTypes.SharedTaskRegistered, new AuditTarget(request.Place.Namespace?.Name, null, $"{task.Name}@{version}"), new { Version = version.ToString(), ContentHash = hash });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return view;
    }
}
