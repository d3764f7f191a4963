using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Triggers;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Triggers;

internal static class TriggerEndpoints
{
    public static void MapTriggers(this IEndpointRouteBuilder api)
    {
        var triggers = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/triggers").WithTags("Triggers");
        triggers.MapGet("", List).WithName("ListTriggers").Needs(Resource.Pipelines, Verb.Read).WithSummary("List the triggers of a pipeline");
        triggers.MapPost("", Create).WithName("CreateTrigger").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Make a trigger; of one with a URL this answer alone shows it");
        triggers.MapGet("/{trigger}", Get).WithName("GetTrigger").Needs(Resource.Pipelines, Verb.Read).WithSummary("Read a trigger");
        triggers.MapPut("/{trigger}", Put).WithName("PutTrigger").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Make a trigger or replace what it does");
        triggers.MapPatch("/{trigger}", Update).WithName("UpdateTrigger").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Enable or disable a trigger");
        triggers.MapDelete("/{trigger}", Delete).WithName("DeleteTrigger").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Delete a trigger; its events stay in the ledger");
        triggers.MapPost("/{trigger}/fire", Fire).WithName("FireTrigger").Needs(Resource.Runs, Verb.Operate).WithSummary("Fire a trigger by hand; the event is decided right after the answer")
            .Produces<TriggerEventView>(StatusCodes.Status202Accepted).WithMetadata(new TakesIdempotencyKey());
        triggers.MapGet("/{trigger}/preview", Preview).WithName("PreviewTrigger").Needs(Resource.Pipelines, Verb.Read).WithSummary("Say when a trigger with a schedule fires next, without jitter");
        triggers.MapPost("/{trigger}/rotate", Rotate).WithName("RotateTrigger").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Give a trigger another URL, which this answer alone shows");
    }

    private static async Task<Results<Ok<Page<TriggerView>>, Problem>> List(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListTriggers(caller.In(@namespace), pipeline, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Created<TriggerView>, Problem>> Create(
        string @namespace, string pipeline, Body<TriggerRequest> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var put = await mediator.Send(new PutTrigger(caller, @namespace, pipeline, body.Value.Order, Create: true, null), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        context.Response.Headers.ETag = put.Value.Trigger.Tag;
        return TypedResults.Created(Place(@namespace, pipeline, put.Value.Trigger.View.Id), put.Value.Trigger.View);
    }

    private static async Task<Results<Ok<TriggerView>, Problem>> Get(
        string @namespace, string pipeline, string trigger, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetTrigger(caller.In(@namespace), pipeline, trigger), ct)).Answer(context);

    private static async Task<Results<Ok<TriggerView>, Created<TriggerView>, Problem>> Put(
        string @namespace, string pipeline, string trigger, Body<TriggerRequest> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var order = body.Value.Order;
        if (order.Definition.Id != trigger)
        {
            return Error.Invalid("/id", $"The body's id is '{order.Definition.Id}', but it was sent to the trigger {Shown.Quoted(trigger)}. They must be the same.").ToProblem();
        }

        var put = await mediator.Send(new PutTrigger(caller, @namespace, pipeline, order, Create: false, context.IfMatch()), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        context.Response.Headers.ETag = put.Value.Trigger.Tag;
        return put.Value.Created ? TypedResults.Created(Place(@namespace, pipeline, trigger), put.Value.Trigger.View) : TypedResults.Ok(put.Value.Trigger.View);
    }

    private static async Task<Results<Ok<TriggerView>, Problem>> Update(
        string @namespace, string pipeline, string trigger, Body<TriggerStateBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateTrigger(caller.In(@namespace), pipeline, trigger, body.Value.Enabled, context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<NoContent, Problem>> Delete(
        string @namespace, string pipeline, string trigger, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteTrigger(caller.In(@namespace), pipeline, trigger, context.IfMatch()), ct)).Answer();

    private static async Task<IResult> Fire(
        string @namespace, string pipeline, string trigger, Body<FireBody> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var claim = key.Claim(context, @namespace, body.Raw);
        var fired = await mediator.Send(new FireTrigger(caller.In(@namespace), pipeline, trigger, caller.Actor, body.Value.Params!, claim), ct);
        return fired.IsOk ? new StoredResult(fired.Value) : fired.Error.ToProblem();
    }

    private static async Task<Results<Ok<PreviewView>, Problem>> Preview(
        string @namespace, string pipeline, string trigger, Caller caller, IMediator mediator, CancellationToken ct, int count = 10, DateTimeOffset? after = null) =>
        (await mediator.Send(new PreviewTrigger(caller.In(@namespace), pipeline, trigger, count, after), ct)).Answer();

    private static async Task<Results<Ok<TriggerView>, Problem>> Rotate(
        string @namespace, string pipeline, string trigger, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new RotateHook(caller.In(@namespace), pipeline, trigger), ct)).Answer(context);

    private static string Place(string @namespace, string pipeline, string trigger) => $"/api/v1/namespaces/{@namespace}/pipelines/{pipeline}/triggers/{trigger}";
}
