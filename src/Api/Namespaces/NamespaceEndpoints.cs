using System.Text.Json;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Namespaces;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Namespaces;

/// <summary>The body that makes a namespace.</summary>
public sealed record NewNamespaceBody(string Id, string? Description, int? TaskLimit, int? Weight) : IBody<NewNamespaceBody>
{
    /// <inheritdoc/>
    public static NewNamespaceBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var (description, limit, weight) = NamespaceBody.Settings(fields);
        var body = new NewNamespaceBody(fields["id"].Required().Text() ?? "", description, limit, weight);
        fields.Done();
        return body;
    }
}

/// <summary>The body that replaces or changes a namespace.</summary>
public sealed record NamespaceBody(string? Description, int? TaskLimit, int? Weight) : IBody<NamespaceBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static NamespaceBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var (description, limit, weight) = Settings(fields);
        var body = new NamespaceBody(description, limit, weight);
        fields.Done();
        return body;
    }

    internal static (string? Description, int? TaskLimit, int? Weight) Settings(JsonFields fields) =>
        (fields["description"].Text(), (int?)fields["task_limit"].Whole(int.MinValue, int.MaxValue), (int?)fields["weight"].Whole(int.MinValue, int.MaxValue));

    internal NamespaceSettings ToSettings() => new(Description, TaskLimit, Weight);
}

internal static class NamespaceEndpoints
{
    public static void MapNamespaces(this IEndpointRouteBuilder api)
    {
        var namespaces = api.MapGroup("/namespaces").WithTags("Namespaces");
        namespaces.MapGet("", List).WithName("ListNamespaces").NeedsToken().WithSummary("List the namespaces that the caller sees");
        namespaces.MapPost("", Create).WithName("CreateNamespace").Needs(Resource.Namespaces, Verb.Write).WithSummary("Make a namespace");
        namespaces.MapGet("/{namespace}", Get).WithName("GetNamespace").Needs(Resource.Namespaces, Verb.Read).WithSummary("Read a namespace");
        namespaces.MapPut("/{namespace}", Put).WithName("PutNamespace").Needs(Resource.Namespaces, Verb.Write).WithSummary("Make or replace a namespace");
        namespaces.MapPatch("/{namespace}", Update).WithName("UpdateNamespace").Needs(Resource.Namespaces, Verb.Write).WithSummary("Change a namespace");
        namespaces.MapDelete("/{namespace}", Delete).WithName("DeleteNamespace").Needs(Resource.Namespaces, Verb.Delete)
            .WithSummary("Delete a namespace; with force its pipelines too, their unfinished runs cancelled");
    }

    private static async Task<Results<Ok<Page<NamespaceView>>, Problem>> List(Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListNamespaces(caller, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Created<NamespaceView>, Problem>> Create(
        Body<NewNamespaceBody> body, HttpContext context, IMediator mediator, CancellationToken ct) =>
        Created(await mediator.Send(new CreateNamespace(body.Value.Id, new NamespaceSettings(body.Value.Description, body.Value.TaskLimit, body.Value.Weight)), ct), context);

    private static async Task<Results<Ok<NamespaceView>, Problem>> Get(string @namespace, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetNamespace(caller.In(@namespace)), ct)).Answer(context);

    private static async Task<Results<Ok<NamespaceView>, Created<NamespaceView>, Problem>> Put(
        string @namespace, Body<NamespaceBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var put = await mediator.Send(new PutNamespace(caller.In(@namespace), body.Value.ToSettings(), context.IfMatch()), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        context.Response.Headers.ETag = put.Value.Namespace.Tag;
        return put.Value.Created
            ? TypedResults.Created(Place(put.Value.Namespace.View.Id), put.Value.Namespace.View)
            : TypedResults.Ok(put.Value.Namespace.View);
    }

    private static async Task<Results<Ok<NamespaceView>, Problem>> Update(
        string @namespace, Body<NamespaceBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateNamespace(caller.In(@namespace), body.Value.ToSettings(), context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<NoContent, Problem>> Delete(
        string @namespace, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct, bool force = false) =>
        (await mediator.Send(new DeleteNamespace(caller.In(@namespace), force, context.IfMatch()), ct)).Answer();

    private static Results<Created<NamespaceView>, Problem> Created(Result<Tagged<NamespaceView>> result, HttpContext context)
    {
        if (!result.IsOk) return result.Error.ToProblem();
        context.Response.Headers.ETag = result.Value.Tag;
        return TypedResults.Created(Place(result.Value.View.Id), result.Value.View);
    }

    private static string Place(string id) => $"/api/v1/namespaces/{id}";
}
