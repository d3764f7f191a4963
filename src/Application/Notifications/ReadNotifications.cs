using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Notifications;

/// <summary>Lists the notifications of a pipeline or a namespace, by name.</summary>
public sealed record ListNotifications(NotificationPlace Place, PageRequest Page) : IRequest<Result<Page<NotificationView>>>;

/// <summary>Reads one notification.</summary>
public sealed record GetNotification(NotificationPlace Place, string Name) : IRequest<Result<Tagged<NotificationView>>>;

/// <summary>Lists what was told, or is to be, of the runs of a pipeline, or of a namespace's; the newest first.</summary>
public sealed record ListDeliveries(NotificationPlace Place, IReadOnlyList<string> Notifications, IReadOnlyList<string> States, PageRequest Page)
    : IRequest<Result<Page<DeliveryView>>>;

internal sealed class ListNotificationsHandler(IGoferDb db) : IRequestHandler<ListNotifications, Result<Page<NotificationView>>>
{
    public async Task<Result<Page<NotificationView>>> Handle(ListNotifications request, CancellationToken cancellationToken)
    {
        var owner = await db.FindOwnerAsync(request.Place, cancellationToken);
        if (!owner.IsOk) return owner.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var after = cursor.Value ?? "";
        var rows = await db.NotificationsOf(owner.Value.Namespace, owner.Value.Pipeline).AsNoTracking().Where(n => string.Compare(n.Name, after) > 0)
            .OrderBy(n => n.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, n => n.View(request.Place), n => n.Name);
    }
}

internal sealed class GetNotificationHandler(IGoferDb db) : IRequestHandler<GetNotification, Result<Tagged<NotificationView>>>
{
    public async Task<Result<Tagged<NotificationView>>> Handle(GetNotification request, CancellationToken cancellationToken)
    {
        var owner = await db.FindOwnerAsync(request.Place, cancellationToken);
        if (!owner.IsOk) return owner.Error;
        var found = await db.FindNotificationAsync(owner.Value.Namespace, owner.Value.Pipeline, request.Name, cancellationToken);
        return found.IsOk ? found.Value.Tagged(request.Place) : found.Error;
    }
}

internal sealed class ListDeliveriesHandler(IGoferDb db) : IRequestHandler<ListDeliveries, Result<Page<DeliveryView>>>
{
    public async Task<Result<Page<DeliveryView>>> Handle(ListDeliveries request, CancellationToken cancellationToken)
    {
        var owner = await db.FindOwnerAsync(request.Place, cancellationToken);
        if (!owner.IsOk) return owner.Error;
        if (request.Page.Check() is { } refused) return refused;
        if (request.States.FirstOrDefault(s => !DeliveryStates.All.Contains(s)) is { } unknown)
        {
            return Error.Invalid("/state", $"{Shown.Quoted(unknown)} is no state of a delivery; it must be one of {string.Join(", ", DeliveryStates.All)}.");
        }

        if (request.Notifications.Select(Slug.Complaint).FirstOrDefault(c => c is not null) is { } complaint) return Error.Invalid("/notification", $"notification {complaint}");
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        Guid before = default;
        if (cursor.Value is { } place && !Guid.TryParse(place, out before)) return Cursors.Bad;

        var (home, pipeline) = owner.Value;
        var rows = pipeline is { } id ? db.Deliveries.AsNoTracking().Where(d => d.PipelineId == id) : db.Deliveries.AsNoTracking().Where(d => d.NamespaceId == home);
        if (cursor.Value is not null) rows = rows.Where(d => d.Id < before);
        if (request.Notifications.Count > 0) rows = rows.Where(d => request.Notifications.Contains(d.Notification));
        if (request.States.Count > 0) rows = rows.Where(d => request.States.Contains(d.State));
        var page = await (from d in rows join p in db.Pipelines.AsNoTracking() on d.PipelineId equals p.Id orderby d.Id descending select new { Delivery = d, p.Name })
            .Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(page, request.Page.Take, r => View(r.Delivery, r.Name), r => r.Delivery.Id.ToString());

        DeliveryView View(DeliveryRow row, string name) => new(
            row.Id, row.Notification, request.Place.Namespace.Name, name, row.Run, row.Event, row.Outcome, row.State, row.Attempts,
            row.State == DeliveryStates.Open ? row.DueAt : null, row.LastStatus, row.LastMessage, row.CreatedAt, row.DecidedAt);
    }
}
