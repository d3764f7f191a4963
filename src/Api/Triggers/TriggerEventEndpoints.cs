using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Triggers;
using Gofer.Domain.Access;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Triggers;

internal static class TriggerEventEndpoints
{
    public static void MapTriggerEvents(this IEndpointRouteBuilder api)
    {
        var events = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/trigger-events").WithTags("Triggers");
        events.MapGet("", List).WithName("ListTriggerEvents").Needs(Resource.Runs, Verb.Read).WithSummary("List the events of a pipeline's triggers and what was decided of each, newest first");
        events.MapGet("/{event}", Get).WithName("GetTriggerEvent").Needs(Resource.Runs, Verb.Read).WithSummary("Read an event, with what came");
        events.MapPost("/{event}/replay", Replay).WithName("ReplayTriggerEvent").Needs(Resource.Runs, Verb.Operate)
            .WithSummary("Judge an event once more by what its trigger does now, and run it; with dry_run only say what that would do")
            .Produces<TriggerEventView>(StatusCodes.Status202Accepted).Produces<ReplayPlanView>().WithMetadata(new TakesIdempotencyKey());
    }

    private static async Task<Results<Ok<Page<TriggerEventView>>, Problem>> List(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct,
        [FromQuery(Name = "trigger")] string[]? trigger = null, [FromQuery(Name = "decision")] string[]? decision = null, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListTriggerEvents(caller.In(@namespace), pipeline, trigger ?? [], decision ?? [], new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<TriggerEventView>, Problem>> Get(
        string @namespace, string pipeline, string @event, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetTriggerEvent(caller.In(@namespace), pipeline, @event), ct)).Answer();

    private static async Task<IResult> Replay(
        string @namespace, string pipeline, string @event, Body<ReplayBody> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct,
        [FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        if (dryRun)
        {
            var plan = await mediator.Send(new PlanReplay(caller.In(@namespace), pipeline, @event, body.Value.Version), ct);
            return plan.IsOk ? TypedResults.Ok(plan.Value) : plan.Error.ToProblem();
        }

        var replayed = await mediator.Send(
            new ReplayTriggerEvent(caller.In(@namespace), pipeline, @event, caller.Actor, body.Value.Version, key.Claim(context, @namespace, body.Raw)), ct);
        return replayed.IsOk ? new StoredResult(replayed.Value) : replayed.Error.ToProblem();
    }
}
