using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>
/// Deletes a pipeline: hidden at once, its history goes by retention. One with unfinished runs only with <paramref name="Force"/>, which
/// cancels them; their containers are stopped as with any cancel.
/// </summary>
public sealed record DeletePipeline(NamespaceScope Namespace, string Name, bool Force, string? IfMatch) : IRequest<Result>;

internal sealed class DeletePipelineHandler(IGoferDb db, IRunWriter runs, AuditTrail audit, TimeProvider clock) : IRequestHandler<DeletePipeline, Result>
{
    public async Task<Result> Handle(DeletePipeline request, CancellationToken cancellationToken)
    {
        PipelineId id;
        await using (var transaction = await db.BeginAsync(cancellationToken))
        {
            var pipeline = await db.FindPipelineAsync(request.Namespace, request.Name, cancellationToken);
            if (!pipeline.IsOk) return pipeline.Error;
            if (EntityTags.Refuse(request.IfMatch, pipeline.Value.Revision) is { } stale) return stale;
            id = pipeline.Value.Id;
            // Under the head's lock no run can be created; one that waits for it finds the pipeline deleted.
            var head = await db.LockHeadAsync(id, cancellationToken);
            if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
            if (!request.Force && await db.ActiveRuns.AnyAsync(r => r.PipelineId == id, cancellationToken))
            {
                return new Error(
                    ErrorKind.Conflict, ErrorCodes.InUse,
                    "The pipeline has runs that have not ended. Wait for them, cancel them, or repeat with force=true.");
            }

            head.Delete();
            // Nothing sets it off any more, and its URLs lead to nothing.
            db.Triggers.RemoveRange(await db.Triggers.Where(t => t.PipelineId == id).ToListAsync(cancellationToken));
            db.Notifications.RemoveRange(await db.Notifications.Where(n => n.PipelineId == id).ToListAsync(cancellationToken));
            pipeline.Value.Delete(clock.GetUtcNow());
            audit.Note(AuditTypes.PipelineDeleted, new AuditTarget(request.Namespace.Name, request.Name));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        // A crash here leaves runs of a hidden pipeline that end by themselves; no new one can come.
        foreach (var run in await db.ActiveRuns.Where(r => r.PipelineId == id).Select(r => r.RunId).ToListAsync(cancellationToken))
        {
            await runs.CancelAsync(run, "The pipeline was deleted.", cancellationToken);
        }

        return Result.Ok;
    }
}
