using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Namespaces;

/// <summary>Deletes a namespace; one that holds pipelines only with <paramref name="Force"/>, which deletes them first, their unfinished runs cancelled.</summary>
public sealed record DeleteNamespace(string Name, bool Force, string? IfMatch) : IRequest<Result>;

internal sealed class DeleteNamespaceHandler(IGoferDb db, IMediator mediator, TimeProvider clock) : IRequestHandler<DeleteNamespace, Result>
{
    public async Task<Result> Handle(DeleteNamespace request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Name, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (EntityTags.Refuse(request.IfMatch, home.Value.Revision) is { } stale) return stale;
        if (request.Name == Namespace.Default)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.InUse, "The namespace 'default' always exists and cannot be deleted.");
        }

        foreach (var pipeline in await PipelinesAsync(home.Value.Id, cancellationToken))
        {
            if (!request.Force)
            {
                return new Error(
                    ErrorKind.Conflict, ErrorCodes.InUse,
                    $"The namespace holds pipelines, '{pipeline}' among them. Delete them first, or repeat with force=true.");
            }

            var deleted = await mediator.Send(new DeletePipeline(request.Name, pipeline, Force: true, IfMatch: null), cancellationToken);
            if (deleted.Error is { Code: not ErrorCodes.PipelineNotFound } error) return error;
        }

        // Found again: a use case in between may have started anew and forgotten what was loaded.
        home = await db.FindNamespaceAsync(request.Name, cancellationToken);
        if (!home.IsOk) return home.Error;
        home.Value.Delete(clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return Result.Ok;
    }

    private Task<List<string>> PipelinesAsync(NamespaceId home, CancellationToken cancellationToken) =>
        db.Pipelines.Where(p => p.NamespaceId == home && p.DeletedAt == null).OrderBy(p => p.Name).Select(p => p.Name).ToListAsync(cancellationToken);
}
