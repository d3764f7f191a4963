using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Triggers;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Notifications;

/// <summary>Makes a notification or replaces what it tells and where.</summary>
public sealed record PutNotification(NotificationPlace Place, NotificationDefinition Definition, string? IfMatch) : IRequest<Result<PutNotificationAnswer>>;

/// <summary>The notification, and whether it is new.</summary>
public sealed record PutNotificationAnswer(Tagged<NotificationView> Notification, bool Created);

/// <summary>Deletes a notification; what it told stays in the ledger, and what it was about to tell is told no more.</summary>
public sealed record DeleteNotification(NotificationPlace Place, string Name, string? IfMatch) : IRequest<Result>;

internal sealed class PutNotificationHandler(IGoferDb db, AuditTrail audit, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<PutNotification, Result<PutNotificationAnswer>>
{
    public async Task<Result<PutNotificationAnswer>> Handle(PutNotification request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var owner = await db.LockOwnerAsync(request.Place, cancellationToken);
        if (!owner.IsOk) return owner.Error;
        var (home, pipeline) = owner.Value;
        var definition = request.Definition;
        var all = db.NotificationsOf(home, pipeline);
        var notification = await all.SingleOrDefaultAsync(n => n.Name == definition.Id, cancellationToken);
        var created = notification is null;
        var now = clock.GetUtcNow();
        if (notification is null)
        {
            if (EntityTags.RefuseMissing(request.IfMatch, "notification") is { } missing) return missing;
            var count = await all.CountAsync(cancellationToken);
            if (count >= NotificationDefinition.MaxCount) return Error.Invalid("", $"There are {count} notifications, which is the most. Delete one first.");
            notification = new Notification(new NotificationId(Guid.CreateVersion7(now)), home, pipeline, definition.Id, NotificationSource.Api, now);
            db.Notifications.Add(notification);
        }
        else
        {
            if (EntityTags.Refuse(request.IfMatch, notification.Revision) is { } stale) return stale;
            if (notification.Source == NotificationSource.Document) return NotificationRules.OfDocument(notification);
        }

        if (notification.Define(definition, NotificationSource.Api, now))
        {
            audit.Note(created ? AuditTypes.NotificationCreated : AuditTypes.NotificationUpdated, Target(request.Place, notification.Name), notification.Facts());
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        return new PutNotificationAnswer(notification.Tagged(request.Place), created);
    }

    internal static AuditTarget Target(NotificationPlace place, string name) => new(place.Namespace.Name, place.Pipeline, name);
}

internal sealed class DeleteNotificationHandler(IGoferDb db, AuditTrail audit) : IRequestHandler<DeleteNotification, Result>
{
    public async Task<Result> Handle(DeleteNotification request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var owner = await db.LockOwnerAsync(request.Place, cancellationToken);
        if (!owner.IsOk) return owner.Error;
        var found = await db.FindNotificationAsync(owner.Value.Namespace, owner.Value.Pipeline, request.Name, cancellationToken);
        if (!found.IsOk) return found.Error;
        if (EntityTags.Refuse(request.IfMatch, found.Value.Revision) is { } stale) return stale;
        if (found.Value.Source == NotificationSource.Document) return NotificationRules.OfDocument(found.Value);
        db.Notifications.Remove(found.Value);
        audit.Note(AuditTypes.NotificationDeleted, PutNotificationHandler.Target(request.Place, found.Value.Name));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Result.Ok;
    }
}

/// <summary>What holds for every change of a notification.</summary>
internal static class NotificationRules
{
    /// <summary>The error for who would change by the API what a document declares.</summary>
    public static Error OfDocument(Notification notification) => new(
        ErrorKind.Conflict, ErrorCodes.NotificationOfDocument,
        $"The notification '{notification.Name}' stands in the document of the live version and is changed by the next one.");

    /// <summary>The owner's ids, under its lock: of a pipeline's head, or of the namespace.</summary>
    public static async Task<Result<(NamespaceId Namespace, PipelineId? Pipeline)>> LockOwnerAsync(this IGoferDb db, NotificationPlace place, CancellationToken cancellationToken)
    {
        var owner = await db.FindOwnerAsync(place, cancellationToken);
        if (!owner.IsOk) return owner;
        if (owner.Value.Pipeline is { } pipeline)
        {
            var head = await db.LockHeadAsync(pipeline, cancellationToken);
            return head is null || head.Deleted ? new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.") : owner;
        }

        return await db.LockNamespaceAsync(owner.Value.Namespace, cancellationToken) is null
            ? new Error(ErrorKind.NotFound, ErrorCodes.NamespaceNotFound, "The namespace was deleted.")
            : owner;
    }
}
