using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>
/// Registers a document: a new immutable version only where its content differs from the latest. The first version is live;
/// <paramref name="Deploy"/> makes this one live; <paramref name="DryRun"/> says what would happen and writes nothing.
/// </summary>
public sealed record RegisterPipeline(NamespaceScope Namespace, string Name, JsonElement Document, bool Deploy, bool DryRun, string? IfMatch)
    : IRequest<Result<RegisterPipelineAnswer>>;

/// <summary>What it came to, with the pipeline's entity tag; null where a dry run leaves no pipeline.</summary>
public sealed record RegisterPipelineAnswer(RegistrationView Registration, string? Tag);

internal sealed class RegisterPipelineHandler(IGoferDb db, AuditTrail audit, DocumentSettings settings, TimeProvider clock, DocumentLimits limits)
    : IRequestHandler<RegisterPipeline, Result<RegisterPipelineAnswer>>
{
    public async Task<Result<RegisterPipelineAnswer>> Handle(RegisterPipeline request, CancellationToken cancellationToken)
    {
        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        if (!home.IsOk) return home.Error;
        var read = DocumentReader.Read(request.Document, limits);
        if (!read.IsOk) return read.Error;
        if (read.Value.Id != request.Name)
        {
            return Error.Invalid("/id", $"The document's id is '{read.Value.Id}', but it was sent to the pipeline {Shown.Quoted(request.Name)}. They must be the same.");
        }

        return await RegisterAsync(home.Value.Id, request, read.Value, cancellationToken);
    }

    private async Task<Result<RegisterPipelineAnswer>> RegisterAsync(
        NamespaceId home, RegisterPipeline request, PipelineDocument document, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        // Held until the end: a namespace that is being deleted gets no pipeline any more, and one that gets a pipeline is not deleted.
        if (!await db.HoldNamespaceAsync(home, cancellationToken))
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.NamespaceNotFound, "The namespace was deleted just now.");
        }

        var pipeline = await db.Pipelines.SingleOrDefaultAsync(
            p => p.NamespaceId == home && p.Name == request.Name && p.DeletedAt == null, cancellationToken);
        var refused = pipeline is null ? EntityTags.RefuseMissing(request.IfMatch, "pipeline") : EntityTags.Refuse(request.IfMatch, pipeline.Revision);
        if (refused is not null) return refused;
        var exists = pipeline is not null || !request.DryRun;
        var now = clock.GetUtcNow();
        PipelineHead? head;
        if (pipeline is null)
        {
            pipeline = new Pipeline(new PipelineId(Guid.CreateVersion7(now)), home, request.Name, now);
            head = new PipelineHead(pipeline.Id);
            if (!request.DryRun)
            {
                db.Pipelines.Add(pipeline);
                db.Heads.Add(head);
            }
        }
        else
        {
            head = await db.LockHeadAsync(pipeline.Id, cancellationToken);
            if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted just now.");
        }

        var text = DocumentWriter.Write(document);
        var hash = DocumentWriter.Hash(text);
        var latest = await db.Versions.AsNoTracking()
            .SingleOrDefaultAsync(v => v.PipelineId == pipeline.Id && v.Version == head.LastVersion, cancellationToken);
        var live = head.LiveVersion == head.LastVersion ? latest : await db.Versions.AsNoTracking()
            .SingleOrDefaultAsync(v => v.PipelineId == pipeline.Id && v.Version == head.LiveVersion, cancellationToken);
        var diff = PipelineViews.Diff(live?.Document, document);
        var created = latest?.ContentHash != hash;
        var number = created ? head.LastVersion + 1 : head.LastVersion;
        var goesLive = head.LiveVersion == 0 || (request.Deploy && head.LiveVersion != number);
        var place = new PipelinePlace(request.Namespace.Name, request.Name, home, pipeline.Id);
        if (await settings.RefuseAsync(place, document, number, isNew: true, cancellationToken) is { } unfit) return unfit;
        if (!request.DryRun)
        {
            if (created)
            {
                db.Versions.Add(new PipelineVersion(pipeline.Id, head.NextVersion(), hash, text, now));
                audit.NoteRegistered(request.Namespace.Name, request.Name, number, hash);
            }

            if (goesLive)
            {
                audit.NoteDeployed(request.Namespace.Name, request.Name, number, head.LiveVersion);
                head.Deploy(number, document);
                pipeline.Describe(document, now);
                await db.SetLimitsAsync(home, pipeline.Id, document, cancellationToken);
                // The pipeline's row comes before what refers to it.
                await db.SaveChangesAsync(cancellationToken);
                await settings.ApplyAsync(place, document, cancellationToken);
            }
            else if (created)
            {
                pipeline.Touch(now);
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (goesLive) settings.Wake(document);
        }

        var registration = new RegistrationView(number, created, goesLive || head.LiveVersion == number, diff);
        return new RegisterPipelineAnswer(registration, exists ? EntityTags.Of(pipeline.Revision) : null);
    }
}
