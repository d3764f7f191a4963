using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Deletes a namespace; one that holds pipelines only with <paramref name="Force"/>, which deletes them first, their unfinished runs cancelled.</summary>
public sealed record DeleteNamespace(NamespaceScope Namespace, bool Force, string? IfMatch) : IRequest<Result>;

internal sealed class DeleteNamespaceHandler(IGoferDb db, IMediator mediator, AuditTrail audit, TimeProvider clock) : IRequestHandler<DeleteNamespace, Result>
{
    public async Task<Result> Handle(DeleteNamespace request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (EntityTags.Refuse(request.IfMatch, home.Value.Revision) is { } stale) return stale;
        if (request.Namespace.Name == Namespace.Default)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.InUse, "The namespace 'default' always exists and cannot be deleted.");
        }

        for (var id = home.Value.Id; ;)
        {
            foreach (var pipeline in await PipelinesAsync(id, cancellationToken))
            {
                if (!request.Force) return InUse(pipeline);
                var deleted = await mediator.Send(new DeletePipeline(request.Namespace, pipeline, Force: true, IfMatch: null), cancellationToken);
                if (deleted.Error is { Code: not ErrorCodes.PipelineNotFound } error) return error;
            }

            // Under the lock no pipeline can come; what came before it is seen, and goes the way of the others.
            db.Forget();
            await using var transaction = await db.BeginAsync(cancellationToken);
            if (await db.LockNamespaceAsync(id, cancellationToken) is not { } locked) return (await db.FindNamespaceAsync(request.Namespace, cancellationToken)).Error!;
            if (EntityTags.Refuse(request.IfMatch, locked.Revision) is { } changed) return changed;
            if ((await PipelinesAsync(id, cancellationToken)).Count > 0) continue;
            locked.Delete(clock.GetUtcNow());
            audit.Note(AuditTypes.NamespaceDeleted, new AuditTarget(locked.Name));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return Result.Ok;
        }
    }

    private static Error InUse(string pipeline) => new(
        ErrorKind.Conflict, ErrorCodes.InUse, $"The namespace holds pipelines, '{pipeline}' among them. Delete them first, or repeat with force=true.");

    private Task<List<string>> PipelinesAsync(NamespaceId home, CancellationToken cancellationToken) =>
        db.Pipelines.Where(p => p.NamespaceId == home && p.DeletedAt == null).OrderBy(p => p.Name).Select(p => p.Name).ToListAsync(cancellationToken);
}
