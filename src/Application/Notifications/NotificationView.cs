using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Notifications;

/// <summary>A pipeline, or a namespace where <paramref name="Pipeline"/> is null: the owner of notifications.</summary>
public sealed record NotificationPlace(NamespaceScope Namespace, string? Pipeline);

/// <summary>
/// A notification as the API shows it; <paramref name="Pipeline"/> is null for one of a namespace. <paramref name="Url"/> is the host alone where the address has more,
/// and what stands for a secret as it was written.
/// </summary>
public sealed record NotificationView(
    string Id, string Namespace, string? Pipeline, IReadOnlyList<string> On, NotificationType Type, string Url, string? Secret, string? LongerThan, bool Enabled,
    NotificationSource Source, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt);

/// <summary>A delivery as the API shows it; <paramref name="DueAt"/> is null where no attempt is to come.</summary>
public sealed record DeliveryView(
    Guid Id, string Notification, string Namespace, string Pipeline, long Run, string Event, string On, string State, int Attempts, DateTimeOffset? DueAt,
    int? LastStatus, string? LastMessage, DateTimeOffset CreatedAt, DateTimeOffset? DecidedAt);

/// <summary>What the use cases of notifications share.</summary>
internal static class NotificationViews
{
    public static NotificationView View(this Notification notification, NotificationPlace place)
    {
        var definition = NotificationReader.ReadStored(notification.Definition);
        return new NotificationView(
            notification.Name, place.Namespace.Name, place.Pipeline, [.. definition.On.Select(o => o.Word())], definition.Type, NotificationUrl.Shown(definition.Url),
            definition.Secret, definition.LongerThan is { } time ? Duration.Text(time) : null, notification.Enabled, notification.Source, notification.CreatedAt,
            notification.ModifiedAt);
    }

    /// <summary>What the audit log says of it: what is shown, and so no address that may be a secret.</summary>
    public static object Facts(this Notification notification)
    {
        var definition = NotificationReader.ReadStored(notification.Definition);
        return new
        {
            definition.Type,
            On = definition.On.Select(o => o.Word()),
            Url = NotificationUrl.Shown(definition.Url),
            definition.Secret,
            LongerThan = definition.LongerThan is { } time ? Duration.Text(time) : null,
            notification.Enabled,
        };
    }

    public static Tagged<NotificationView> Tagged(this Notification notification, NotificationPlace place) => new(notification.View(place), EntityTags.Of(notification.Revision));

    /// <summary>The owner's ids.</summary>
    public static async Task<Result<(NamespaceId Namespace, PipelineId? Pipeline)>> FindOwnerAsync(this IGoferDb db, NotificationPlace place, CancellationToken cancellationToken)
    {
        if (place.Pipeline is not null)
        {
            var pipeline = await db.FindPipelineAsync(place.Namespace, place.Pipeline, cancellationToken);
            return pipeline.IsOk ? (pipeline.Value.NamespaceId, pipeline.Value.Id) : pipeline.Error;
        }

        var home = await db.FindNamespaceAsync(place.Namespace, cancellationToken);
        return home.IsOk ? (home.Value.Id, null) : home.Error;
    }

    /// <summary>The notifications of an owner.</summary>
    public static IQueryable<Notification> NotificationsOf(this IGoferDb db, NamespaceId home, PipelineId? pipeline) => pipeline is { } id
        ? db.Notifications.Where(n => n.PipelineId == id)
        : db.Notifications.Where(n => n.NamespaceId == home && n.PipelineId == null);

    /// <summary>The notification of that name of the owner.</summary>
    public static async Task<Result<Notification>> FindNotificationAsync(
        this IGoferDb db, NamespaceId home, PipelineId? pipeline, string name, CancellationToken cancellationToken)
    {
        var all = db.NotificationsOf(home, pipeline);
        if (Slug.IsValid(name) && await all.SingleOrDefaultAsync(n => n.Name == name, cancellationToken) is { } found) return found;
        var names = await all.Select(n => n.Name).Take(NotificationDefinition.MaxCount).ToListAsync(cancellationToken);
        var owner = pipeline is null ? "namespace" : "pipeline";
        return Lookups.NotFound(ErrorCodes.NotificationNotFound, $"The {owner} has no notification {Shown.Quoted(name)}.", name, names);
    }
}
