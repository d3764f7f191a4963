using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Triggers;

/// <summary>Lets a backfill make no more runs, or go on; null leaves it as it is.</summary>
public sealed record UpdateBackfill(NamespaceScope Namespace, string Pipeline, string Id, bool? Paused) : IRequest<Result<BackfillView>>;

/// <summary>
/// Lets a backfill make no more runs for good, and cancels those that it has: once this is answered none of it is made and none of its tasks starts. Asking twice is no
/// error.
/// </summary>
public sealed record CancelBackfill(NamespaceScope Namespace, string Pipeline, string Id) : IRequest<Result<BackfillView>>;

internal sealed class UpdateBackfillHandler(IGoferDb db, AuditTrail audit, ITriggerQueue queue) : IRequestHandler<UpdateBackfill, Result<BackfillView>>
{
    public async Task<Result<BackfillView>> Handle(UpdateBackfill request, CancellationToken cancellationToken)
    {
        var changed = await BackfillChanges.ChangeAsync(
            db, audit, request.Namespace, request.Pipeline, request.Id, request.Paused == false ? AuditTypes.BackfillResumed : AuditTypes.BackfillPaused,
            backfill => request.Paused is { } paused ? backfill.Pause(paused) : false, cancellationToken);
        if (!changed.IsOk) return changed.Error;
        queue.Wake();
        return changed.Value.View(request.Namespace.Name, request.Pipeline, await db.CountActiveAsync(changed.Value.Id, cancellationToken));
    }
}

internal sealed class CancelBackfillHandler(IGoferDb db, AuditTrail audit, IRunWriter runs, ITriggerQueue queue) : IRequestHandler<CancelBackfill, Result<BackfillView>>
{
    public async Task<Result<BackfillView>> Handle(CancelBackfill request, CancellationToken cancellationToken)
    {
        var changed = await BackfillChanges.ChangeAsync(
            db, audit, request.Namespace, request.Pipeline, request.Id, AuditTypes.BackfillCancelled, backfill => backfill.Cancel(), cancellationToken);
        if (!changed.IsOk) return changed.Error;
        var id = changed.Value.Id;
        // No run of it comes any more. A crash here leaves those that are there to the next pass of a worker, which cancels them.
        foreach (var run in await db.ActiveRuns.Where(r => r.BackfillId == id).Select(r => r.RunId).ToListAsync(cancellationToken))
        {
            await runs.CancelAsync(run, Backfill.Cancels, cancellationToken);
        }

        queue.Wake();
        return changed.Value.View(request.Namespace.Name, request.Pipeline, await db.CountActiveAsync(id, cancellationToken));
    }
}

/// <summary>What the changes of a backfill share.</summary>
internal static class BackfillChanges
{
    /// <summary>
    /// Changes a backfill under its lock, for which whoever makes events or runs of it waits; noted where it changes anything. Once this has returned all see the change.
    /// </summary>
    public static async Task<Result<Backfill>> ChangeAsync(
        IGoferDb db, AuditTrail audit, NamespaceScope scope, string pipeline, string id, string type, Func<Backfill, Result<bool>> change,
        CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var found = await db.FindBackfillAsync(scope, pipeline, id, cancellationToken);
        if (!found.IsOk) return found.Error;
        if (await db.LockBackfillAsync(found.Value.Id, cancellationToken) is not { } backfill)
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.BackfillNotFound, $"The backfill {id} is so old that it was forgotten just now.");
        }

        var changed = change(backfill);
        if (!changed.IsOk) return changed.Error;
        if (changed.Value) audit.Note(type, new AuditTarget(scope.Name, pipeline, backfill.Trigger), new { Backfill = backfill.Id.Value });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return backfill;
    }
}
