using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Domain.Access;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Runs;

internal static class TaskEndpoints
{
    public static void MapTasks(this IEndpointRouteBuilder api)
    {
        var tasks = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}/tasks").WithTags("Tasks");
        tasks.MapGet("", List).WithName("ListTasks").Needs(Resource.Runs, Verb.Read).WithSummary("List the tasks of a run, in the document's order");
        tasks.MapGet("/{task}", Get).WithName("GetTask").Needs(Resource.Runs, Verb.Read).WithSummary("Read a task");
        tasks.MapPost("/{task}/cancel", Cancel).WithName("CancelTask").Needs(Resource.Runs, Verb.Operate).WithSummary("Cancel a task");
    }

    private static async Task<Results<Ok<Page<TaskView>>, Problem>> List(
        string @namespace, string pipeline, string run, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListTasks(new RunPath(caller.In(@namespace), pipeline, run), new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<TaskView>, Problem>> Get(
        string @namespace, string pipeline, string run, string task, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetTask(new RunPath(caller.In(@namespace), pipeline, run), task), ct)).Answer();

    private static async Task<Results<Ok<TaskView>, Problem>> Cancel(
        string @namespace, string pipeline, string run, string task, Body<CancelBody> body, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new CancelTask(new RunPath(caller.In(@namespace), pipeline, run), task, body.Value.Reason), ct)).Answer();
}
