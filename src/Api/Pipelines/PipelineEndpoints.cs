using System.Text.Json;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Pipelines;

/// <summary>A pipeline document as it came; the use case reads it.</summary>
public sealed record DocumentBody(JsonElement Document) : IBody<DocumentBody>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(PipelineDocument);

    /// <inheritdoc/>
    public static DocumentBody? Read(JsonElement root, FaultList faults) => new(root.Clone());
}

/// <summary>The body that changes a pipeline.</summary>
public sealed record PipelineBody(PipelineState? State) : IBody<PipelineBody>
{
    /// <inheritdoc/>
    public static PipelineBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        PipelineState? state = fields["state"].Choice("active", "paused") switch
        {
            "active" => PipelineState.Active,
            "paused" => PipelineState.Paused,
            _ => null,
        };
        fields.Done();
        return new PipelineBody(state);
    }
}

internal static class PipelineEndpoints
{
    public static void MapPipelines(this IEndpointRouteBuilder api)
    {
        var pipelines = api.MapGroup("/namespaces/{namespace}/pipelines").WithTags("Pipelines");
        pipelines.MapGet("", List).WithName("ListPipelines").Needs(Resource.Pipelines, Verb.Read).WithSummary("List pipelines");
        pipelines.MapPut("/{pipeline}", Register).WithName("RegisterPipeline").Needs(Resource.Pipelines, Verb.Write)
            .WithSummary("Register a pipeline document: a new version only where its content differs from the latest");
        pipelines.MapGet("/{pipeline}", Get).WithName("GetPipeline").Needs(Resource.Pipelines, Verb.Read).WithSummary("Read a pipeline");
        pipelines.MapPatch("/{pipeline}", Update).WithName("UpdatePipeline").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Pause or resume a pipeline");
        pipelines.MapDelete("/{pipeline}", Delete).WithName("DeletePipeline").Needs(Resource.Pipelines, Verb.Delete)
            .WithSummary("Delete a pipeline; with force its unfinished runs are cancelled");
    }

    private static async Task<Results<Ok<Page<PipelineView>>, Problem>> List(
        string @namespace, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListPipelines(caller.In(@namespace), new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<RegistrationView>, Created<RegistrationView>, Problem>> Register(
        string @namespace, string pipeline, Body<DocumentBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct,
        bool deploy = false, [Microsoft.AspNetCore.Mvc.FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        // The first version goes live by itself; who may write documents and not deploy them sends others to wait.
        if (deploy && !dryRun && !caller.Grants.Allow(Resource.Pipelines, Verb.Operate, @namespace)) return Refusals.In(@namespace, Resource.Pipelines, Verb.Operate).ToProblem();
        var registered = await mediator.Send(
            new RegisterPipeline(caller.In(@namespace), pipeline, body.Value.Document, deploy, dryRun, context.IfMatch()), ct);
        if (!registered.IsOk) return registered.Error.ToProblem();
        var (registration, tag) = registered.Value;
        context.Response.Headers.ETag = tag;
        return registration.Created && !dryRun
            ? TypedResults.Created($"/api/v1/namespaces/{@namespace}/pipelines/{pipeline}/versions/{registration.Version}", registration)
            : TypedResults.Ok(registration);
    }

    private static async Task<Results<Ok<PipelineView>, Problem>> Get(
        string @namespace, string pipeline, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetPipeline(caller.In(@namespace), pipeline), ct)).Answer(context);

    private static async Task<Results<Ok<PipelineView>, Problem>> Update(
        string @namespace, string pipeline, Body<PipelineBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdatePipeline(caller.In(@namespace), pipeline, body.Value.State, context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<NoContent, Problem>> Delete(
        string @namespace, string pipeline, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct, bool force = false) =>
        (await mediator.Send(new DeletePipeline(caller.In(@namespace), pipeline, force, context.IfMatch()), ct)).Answer();
}
