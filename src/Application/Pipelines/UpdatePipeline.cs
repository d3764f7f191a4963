using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Pipelines;

/// <summary>Pauses or resumes a pipeline: a paused one takes no new runs, its running ones go on.</summary>
public sealed record UpdatePipeline(NamespaceScope Namespace, string Name, PipelineState? State, string? IfMatch) : IRequest<Result<Tagged<PipelineView>>>;

internal sealed class UpdatePipelineHandler(IGoferDb db, AuditTrail audit, TimeProvider clock) : IRequestHandler<UpdatePipeline, Result<Tagged<PipelineView>>>
{
    public async Task<Result<Tagged<PipelineView>>> Handle(UpdatePipeline request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Name, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        // The lock makes whoever creates a run wait: after the answer none is created that had not seen the pause.
        var head = await db.LockHeadAsync(pipeline.Value.Id, cancellationToken);
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        if (EntityTags.Refuse(request.IfMatch, pipeline.Value.Revision) is { } stale) return stale;

        var changed = request.State switch
        {
            PipelineState.Paused => head.Pause(),
            PipelineState.Active => head.Resume(),
            _ => false,
        };
        if (changed)
        {
            pipeline.Value.Touch(clock.GetUtcNow());
            audit.Note(request.State == PipelineState.Paused ? AuditTypes.PipelinePaused : AuditTypes.PipelineResumed, new AuditTarget(request.Namespace.Name, request.Name));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return pipeline.Value.Tagged(head, request.Namespace.Name);
    }
}
