using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Notifications;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Notifications;

internal static class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder api)
    {
        var own = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}").WithTags("Notifications");
        own.MapGet("/notifications", List).WithName("ListNotifications").Needs(Resource.Pipelines, Verb.Read).WithSummary("List the notifications of a pipeline");
        own.MapGet("/notifications/{notification}", Get).WithName("GetNotification").Needs(Resource.Pipelines, Verb.Read).WithSummary("Read a notification of a pipeline");
        own.MapPut("/notifications/{notification}", Put).WithName("PutNotification").Needs(Resource.Pipelines, Verb.Operate)
            .WithSummary("Make a notification of a pipeline, or replace it");
        own.MapDelete("/notifications/{notification}", Delete).WithName("DeleteNotification").Needs(Resource.Pipelines, Verb.Operate)
            .WithSummary("Delete a notification of a pipeline; its deliveries stay in the ledger");
        own.MapGet("/notification-deliveries", Deliveries).WithName("ListNotificationDeliveries").Needs(Resource.Pipelines, Verb.Read)
            .WithSummary("List what was told of the runs of a pipeline and what came of it, newest first");

        var all = api.MapGroup("/namespaces/{namespace}").WithTags("Notifications");
        all.MapGet("/notifications", ListAll).WithName("ListNamespaceNotifications").Needs(Resource.Namespaces, Verb.Read).WithSummary("List the notifications of a namespace");
        all.MapGet("/notifications/{notification}", GetAll).WithName("GetNamespaceNotification").Needs(Resource.Namespaces, Verb.Read)
            .WithSummary("Read a notification of a namespace");
        all.MapPut("/notifications/{notification}", PutAll).WithName("PutNamespaceNotification").Needs(Resource.Namespaces, Verb.Write)
            .WithSummary("Make a notification of a namespace, which tells of all its pipelines, or replace it");
        all.MapDelete("/notifications/{notification}", DeleteAll).WithName("DeleteNamespaceNotification").Needs(Resource.Namespaces, Verb.Write)
            .WithSummary("Delete a notification of a namespace; its deliveries stay in the ledger");
        all.MapGet("/notification-deliveries", AllDeliveries).WithName("ListNamespaceNotificationDeliveries").Needs(Resource.Pipelines, Verb.Read)
            .WithSummary("List what was told of the runs of a namespace and what came of it, newest first");
    }

    private static async Task<Results<Ok<Page<NotificationView>>, Problem>> List(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListNotifications(new NotificationPlace(caller.In(@namespace), pipeline), new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<Page<NotificationView>>, Problem>> ListAll(
        string @namespace, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListNotifications(new NotificationPlace(caller.In(@namespace), null), new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<NotificationView>, Problem>> Get(
        string @namespace, string pipeline, string notification, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetNotification(new NotificationPlace(caller.In(@namespace), pipeline), notification), ct)).Answer(context);

    private static async Task<Results<Ok<NotificationView>, Problem>> GetAll(
        string @namespace, string notification, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetNotification(new NotificationPlace(caller.In(@namespace), null), notification), ct)).Answer(context);

    private static Task<Results<Ok<NotificationView>, Created<NotificationView>, Problem>> Put(
        string @namespace, string pipeline, string notification, Body<NotificationRequest> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new NotificationPlace(caller.In(@namespace), pipeline), notification, body, context, mediator, ct);

    private static Task<Results<Ok<NotificationView>, Created<NotificationView>, Problem>> PutAll(
        string @namespace, string notification, Body<NotificationRequest> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new NotificationPlace(caller.In(@namespace), null), notification, body, context, mediator, ct);

    private static async Task<Results<Ok<NotificationView>, Created<NotificationView>, Problem>> PutAsync(
        NotificationPlace place, string name, Body<NotificationRequest> body, HttpContext context, IMediator mediator, CancellationToken ct)
    {
        var definition = NotificationReader.Read(body.Value.Root, isOfNamespace: place.Pipeline is null);
        if (!definition.IsOk) return definition.Error.ToProblem();
        if (definition.Value.Id != name)
        {
            return Error.Invalid("/id", $"The body's id is '{definition.Value.Id}', but it was sent to the notification {Shown.Quoted(name)}. They must be the same.").ToProblem();
        }

        var put = await mediator.Send(new PutNotification(place, definition.Value, context.IfMatch()), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        context.Response.Headers.ETag = put.Value.Notification.Tag;
        if (!put.Value.Created) return TypedResults.Ok(put.Value.Notification.View);
        var owner = place.Pipeline is null ? "" : $"/pipelines/{place.Pipeline}";
        return TypedResults.Created($"/api/v1/namespaces/{place.Namespace.Name}{owner}/notifications/{name}", put.Value.Notification.View);
    }

    private static async Task<Results<NoContent, Problem>> Delete(
        string @namespace, string pipeline, string notification, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteNotification(new NotificationPlace(caller.In(@namespace), pipeline), notification, context.IfMatch()), ct)).Answer();

    private static async Task<Results<NoContent, Problem>> DeleteAll(
        string @namespace, string notification, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteNotification(new NotificationPlace(caller.In(@namespace), null), notification, context.IfMatch()), ct)).Answer();

    private static async Task<Results<Ok<Page<DeliveryView>>, Problem>> Deliveries(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct,
        [FromQuery(Name = "notification")] string[]? notification = null, [FromQuery(Name = "state")] string[]? state = null, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListDeliveries(new NotificationPlace(caller.In(@namespace), pipeline), notification ?? [], state ?? [], new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<Page<DeliveryView>>, Problem>> AllDeliveries(
        string @namespace, Caller caller, IMediator mediator, CancellationToken ct,
        [FromQuery(Name = "notification")] string[]? notification = null, [FromQuery(Name = "state")] string[]? state = null, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListDeliveries(new NotificationPlace(caller.In(@namespace), null), notification ?? [], state ?? [], new PageRequest(limit, cursor)), ct)).Answer();
}
