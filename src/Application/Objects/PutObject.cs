using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Objects;
using MediatR;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Gofer.Application.Objects;

/// <summary>
/// Gives an object the bytes of <paramref name="Content"/>; the object is made where there is none. <paramref name="Length"/> is how many there will
/// be, where that is known.
/// </summary>
public sealed record PutObject(ObjectPlace Place, string Key, Stream Content, long? Length, ObjectCondition Condition) : IRequest<Result<PutObjectAnswer>>;

/// <summary>What the upload came to, and the number of the run whose object it is; null for a pipeline's.</summary>
public sealed record PutObjectAnswer(CommittedObject Committed, long? Run);

internal sealed class PutObjectHandler(
    IGoferDb db, IVersionGraphs versions, IObjectIndex index, IObjectStore store, IOptions<ObjectOptions> options) : IRequestHandler<PutObject, Result<PutObjectAnswer>>
{
    public async Task<Result<PutObjectAnswer>> Handle(PutObject request, CancellationToken cancellationToken)
    {
        var scope = await db.FindScopeAsync(versions, request.Place, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        if (Slug.Complaint(request.Key) is { } complaint) return Error.Invalid("/key", $"The key {complaint}");
        if (scope.Value.Run is { } run && await TooOldAsync(scope.Value, run, cancellationToken) is { } old) return old;
        // Judged again with the commit; here it spares the upload.
        if (request.Length > options.Value.SizeLimit) return TooLarge();
        if (request.Condition.Refuse(await index.FindAsync(scope.Value, request.Key, cancellationToken)) is { } refused) return refused;

        var blob = await index.ReserveAsync(cancellationToken);
        UploadedObject uploaded;
        try
        {
            await using var content = new UploadStream(request.Content, options.Value.SizeLimit, token => index.RenewAsync(blob, token));
            await store.WriteAsync(blob, content, cancellationToken);
            uploaded = new UploadedObject(blob, content.Count, content.Digest());
        }
        catch (ObjectTooLargeException)
        {
            await DiscardAsync(blob);
            return TooLarge();
        }
        catch
        {
            await DiscardAsync(blob);
            throw;
        }

        // What throws in here may have been committed: then the bytes are the object's, and else garbage that is collected.
        var committed = await index.CommitAsync(scope.Value, request.Key, uploaded, request.Condition, options.Value.CountLimit, cancellationToken);
        if (committed.IsOk) return new PutObjectAnswer(committed.Value, scope.Value.Run);
        await DiscardAsync(blob);
        return committed.Error;
    }

    /// <summary>Objects of a run whose objects go are not taken: they would be there for a minute.</summary>
    private async Task<Error?> TooOldAsync(ObjectScope scope, long run, CancellationToken cancellationToken)
    {
        var newer = await db.Heads.Where(h => h.PipelineId == scope.Pipeline).Select(h => h.LastRun).SingleAsync(cancellationToken) - run;
        if (newer < options.Value.KeepRuns || await db.ActiveRuns.AnyAsync(a => a.RunId == new RunId(scope.Owner), cancellationToken)) return null;
        return Error.Invalid("/run", $"Run {run} has {newer} newer ones, and the objects of a run go once there are {options.Value.KeepRuns} (objects.keep_runs).");
    }

    /// <summary>Whatever becomes of it, the reason why the bytes are not wanted is what the caller hears; housekeeping deletes them later.</summary>
    private async Task DiscardAsync(BlobId blob)
    {
        try
        {
            await index.DiscardAsync(blob, CancellationToken.None);
        }
#pragma warning disable CA1031 // see above
        catch
#pragma warning restore CA1031
        {
            // noted as garbage since before its first byte
        }
    }

    private Error TooLarge() => new(
        ErrorKind.TooLarge, ErrorCodes.PayloadTooLarge, $"The object is larger than {options.Value.SizeLimit} bytes, the most that is taken here (objects.size_limit).");
}
