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

internal static class BackfillEndpoints
{
    public static void MapBackfills(this IEndpointRouteBuilder api)
    {
        var pipeline = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}").WithTags("Triggers");
        pipeline.MapPost("/triggers/{trigger}/backfills", Create).WithName("CreateBackfill").Needs(Resource.Runs, Verb.Operate)
            .WithSummary("Run past times of a trigger with a schedule, so many at a time; with dry_run only say which")
            .Produces<BackfillView>(StatusCodes.Status201Created).Produces<BackfillPlanView>().WithMetadata(new TakesIdempotencyKey());
        pipeline.MapGet("/backfills", List).WithName("ListBackfills").Needs(Resource.Runs, Verb.Read).WithSummary("List the backfills of a pipeline, newest first");
        pipeline.MapGet("/backfills/{backfill}", Get).WithName("GetBackfill").Needs(Resource.Runs, Verb.Read).WithSummary("Read a backfill");
        pipeline.MapPatch("/backfills/{backfill}", Update).WithName("UpdateBackfill").Needs(Resource.Runs, Verb.Operate)
            .WithSummary("Let a backfill make no more runs, or go on");
        pipeline.MapPost("/backfills/{backfill}/cancel", Cancel).WithName("CancelBackfill").Needs(Resource.Runs, Verb.Operate)
            .WithSummary("Cancel a backfill and its runs; none is made after the answer");
    }

    private static async Task<IResult> Create(
        string @namespace, string pipeline, string trigger, Body<BackfillRequest> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator,
        CancellationToken ct, [FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        if (dryRun)
        {
            var plan = await mediator.Send(new PlanBackfill(caller.In(@namespace), pipeline, trigger, body.Value.Order), ct);
            return plan.IsOk ? TypedResults.Ok(plan.Value) : plan.Error.ToProblem();
        }

        var made = await mediator.Send(
            new CreateBackfill(caller.In(@namespace), pipeline, trigger, body.Value.Order, caller.Actor, key.Claim(context, @namespace, body.Raw)), ct);
        return made.IsOk ? new StoredResult(made.Value) : made.Error.ToProblem();
    }

    private static async Task<Results<Ok<Page<BackfillView>>, Problem>> List(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct,
        [FromQuery(Name = "trigger")] string[]? trigger = null, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListBackfills(caller.In(@namespace), pipeline, trigger ?? [], new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<BackfillView>, Problem>> Get(
        string @namespace, string pipeline, string backfill, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetBackfill(caller.In(@namespace), pipeline, backfill), ct)).Answer();

    private static async Task<Results<Ok<BackfillView>, Problem>> Update(
        string @namespace, string pipeline, string backfill, Body<BackfillStateBody> body, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateBackfill(caller.In(@namespace), pipeline, backfill, body.Value.Paused), ct)).Answer();

    private static async Task<Results<Ok<BackfillView>, Problem>> Cancel(
        string @namespace, string pipeline, string backfill, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new CancelBackfill(caller.In(@namespace), pipeline, backfill), ct)).Answer();
}
