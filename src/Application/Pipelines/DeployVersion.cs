using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using MediatR;

namespace Gofer.Application.Pipelines;

/// <summary>Makes the version of that number live: runs created after the answer get it. Asking for the live one changes nothing.</summary>
public sealed record DeployVersion(NamespaceScope Namespace, string Pipeline, string Version, string? IfMatch) : IRequest<Result<VersionView>>;

internal sealed class DeployVersionHandler(IGoferDb db, AuditTrail audit, DocumentSettings settings, TimeProvider clock) : IRequestHandler<DeployVersion, Result<VersionView>>
{
    public async Task<Result<VersionView>> Handle(DeployVersion request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var version = await db.FindVersionAsync(pipeline.Value.Id, request.Version, cancellationToken);
        if (!version.IsOk) return version.Error;
        var head = await db.LockHeadAsync(pipeline.Value.Id, cancellationToken);
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        if (EntityTags.Refuse(request.IfMatch, pipeline.Value.Revision) is { } stale) return stale;

        if (head.LiveVersion != version.Value.Version)
        {
            var document = DocumentReader.ReadStored(version.Value.Document);
            var place = new PipelinePlace(request.Namespace.Name, request.Pipeline, pipeline.Value.NamespaceId, pipeline.Value.Id);
            if (await settings.RefuseAsync(place, document, head.LastVersion, isNew: false, cancellationToken) is { } unfit) return unfit;
            audit.NoteDeployed(request.Namespace.Name, request.Pipeline, version.Value.Version, head.LiveVersion);
            head.Deploy(version.Value.Version, document);
            pipeline.Value.Describe(document, clock.GetUtcNow());
            await db.SetLimitsAsync(pipeline.Value.NamespaceId, pipeline.Value.Id, document, cancellationToken);
            await settings.ApplyAsync(place, document, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            settings.Wake(document);
        }

        return version.Value.View(version.Value.Version);
    }
}
