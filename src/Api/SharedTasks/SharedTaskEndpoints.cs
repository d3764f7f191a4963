using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Access;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.SharedTasks;

internal static class SharedTaskEndpoints
{
    public static void MapSharedTasks(this IEndpointRouteBuilder api)
    {
        var own = api.MapGroup("/namespaces/{namespace}/shared-tasks").WithTags("SharedTasks");
        own.MapGet("", ListOfNamespace).WithName("ListNamespaceSharedTasks").Needs(Resource.Pipelines, Verb.Read).WithSummary("List the shared tasks of a namespace");
        own.MapGet("/{shared}", GetOfNamespace).WithName("GetNamespaceSharedTask").Needs(Resource.Pipelines, Verb.Read).WithSummary("Read the newest version of a shared task of a namespace");
        own.MapPut("/{shared}", PutOfNamespace).WithName("PutNamespaceSharedTask").Needs(Resource.Pipelines, Verb.Write)
            .WithSummary("Register a version of a shared task of a namespace; a version never changes");
        own.MapDelete("/{shared}", DeleteOfNamespace).WithName("DeleteNamespaceSharedTask").Needs(Resource.Pipelines, Verb.Delete)
            .WithSummary("Delete a shared task of a namespace that nothing uses, with its versions");
        own.MapGet("/{shared}/versions", VersionsOfNamespace).WithName("ListNamespaceSharedTaskVersions").Needs(Resource.Pipelines, Verb.Read)
            .WithSummary("List the versions of a shared task of a namespace, newest first");
        own.MapGet("/{shared}/versions/{version}", VersionOfNamespace).WithName("GetNamespaceSharedTaskVersion").Needs(Resource.Pipelines, Verb.Read)
            .WithSummary("Read a version of a shared task of a namespace");

        var all = api.MapGroup("/shared-tasks").WithTags("SharedTasks");
        // Every namespace may use them, so everybody may look.
        all.MapGet("", List).WithName("ListSharedTasks").NeedsToken().WithSummary("List the shared tasks of the install");
        all.MapGet("/{shared}", Get).WithName("GetSharedTask").NeedsToken().WithSummary("Read the newest version of a shared task of the install");
        all.MapPut("/{shared}", Put).WithName("PutSharedTask").Needs(Resource.System, Verb.Write).WithSummary("Register a version of a shared task of the install; a version never changes");
        all.MapDelete("/{shared}", Delete).WithName("DeleteSharedTask").Needs(Resource.System, Verb.Write).WithSummary("Delete a shared task of the install that nothing uses, with its versions");
        all.MapGet("/{shared}/versions", Versions).WithName("ListSharedTaskVersions").NeedsToken().WithSummary("List the versions of a shared task of the install, newest first");
        all.MapGet("/{shared}/versions/{version}", Version).WithName("GetSharedTaskVersion").NeedsToken().WithSummary("Read a version of a shared task of the install");
    }

    private static Task<Results<Ok<Page<SharedTaskView>>, Problem>> ListOfNamespace(
        string @namespace, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) => ListAsync(Of(caller, @namespace), limit, cursor, mediator, ct);

    private static Task<Results<Ok<Page<SharedTaskView>>, Problem>> List(IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(SharedTaskPlace.Global, limit, cursor, mediator, ct);

    private static async Task<Results<Ok<SharedTaskView>, Problem>> GetOfNamespace(string @namespace, string shared, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSharedTask(Of(caller, @namespace), shared), ct)).Answer();

    private static async Task<Results<Ok<SharedTaskView>, Problem>> Get(string shared, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSharedTask(SharedTaskPlace.Global, shared), ct)).Answer();

    private static Task<Results<Ok<SharedTaskRegistrationView>, Created<SharedTaskRegistrationView>, Problem>> PutOfNamespace(
        string @namespace, string shared, Body<SharedTaskRequest> body, Caller caller, DocumentLimits limits, IMediator mediator, CancellationToken ct) =>
        PutAsync(Of(caller, @namespace), shared, body, $"/api/v1/namespaces/{@namespace}/shared-tasks/{shared}", limits, mediator, ct);

    private static Task<Results<Ok<SharedTaskRegistrationView>, Created<SharedTaskRegistrationView>, Problem>> Put(
        string shared, Body<SharedTaskRequest> body, DocumentLimits limits, IMediator mediator, CancellationToken ct) =>
        PutAsync(SharedTaskPlace.Global, shared, body, $"/api/v1/shared-tasks/{shared}", limits, mediator, ct);

    private static async Task<Results<NoContent, Problem>> DeleteOfNamespace(string @namespace, string shared, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteSharedTask(Of(caller, @namespace), shared), ct)).Answer();

    private static async Task<Results<NoContent, Problem>> Delete(string shared, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteSharedTask(SharedTaskPlace.Global, shared), ct)).Answer();

    private static async Task<Results<Ok<Page<SharedTaskVersionView>>, Problem>> VersionsOfNamespace(
        string @namespace, string shared, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListSharedTaskVersions(Of(caller, @namespace), shared, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<Page<SharedTaskVersionView>>, Problem>> Versions(
        string shared, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListSharedTaskVersions(SharedTaskPlace.Global, shared, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<SharedTaskVersionView>, Problem>> VersionOfNamespace(
        string @namespace, string shared, string version, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSharedTaskVersion(Of(caller, @namespace), shared, version), ct)).Answer();

    private static async Task<Results<Ok<SharedTaskVersionView>, Problem>> Version(string shared, string version, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSharedTaskVersion(SharedTaskPlace.Global, shared, version), ct)).Answer();

    private static async Task<Results<Ok<Page<SharedTaskView>>, Problem>> ListAsync(SharedTaskPlace place, int? limit, string? cursor, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new ListSharedTasks(place, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<SharedTaskRegistrationView>, Created<SharedTaskRegistrationView>, Problem>> PutAsync(
        SharedTaskPlace place, string name, Body<SharedTaskRequest> body, string location, DocumentLimits limits, IMediator mediator, CancellationToken ct)
    {
        var definition = SharedTaskReader.Read(body.Value.Root, limits);
        if (!definition.IsOk) return definition.Error.ToProblem();
        var put = await mediator.Send(new PutSharedTask(place, name, definition.Value), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        return put.Value.Created ? TypedResults.Created($"{location}/versions/{put.Value.Version}", put.Value) : TypedResults.Ok(put.Value);
    }

    private static SharedTaskPlace Of(Caller caller, string @namespace) => new(caller.In(@namespace));
}
