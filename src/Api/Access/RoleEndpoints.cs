using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Access;

internal static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder api)
    {
        var roles = api.MapGroup("/roles").WithTags("Roles");
        roles.MapGet("", List).WithName("ListRoles").Needs(Resource.Roles, Verb.Read).WithSummary("List roles, the built-in ones among them");
        roles.MapGet("/{role}", Get).WithName("GetRole").Needs(Resource.Roles, Verb.Read).WithSummary("Read a role");
        roles.MapPut("/{role}", Put).WithName("PutRole").Needs(Resource.Roles, Verb.Write).WithSummary("Make a role or replace what it allows");
        roles.MapDelete("/{role}", Delete).WithName("DeleteRole").Needs(Resource.Roles, Verb.Delete).WithSummary("Delete a role that no token has");
    }

    private static async Task<Results<Ok<Page<RoleView>>, Problem>> List(IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListRoles(new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<RoleView>, Problem>> Get(string role, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetRole(role), ct)).Answer(context);

    private static async Task<Results<Ok<RoleView>, Created<RoleView>, Problem>> Put(
        string role, Body<RoleBody> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var put = await mediator.Send(new PutRole(caller, role, body.Value.Description ?? "", body.Value.Permissions, context.IfMatch()), ct);
        if (!put.IsOk) return put.Error.ToProblem();
        context.Response.Headers.ETag = put.Value.Role.Tag;
        return put.Value.Created ? TypedResults.Created($"/api/v1/roles/{role}", put.Value.Role.View) : TypedResults.Ok(put.Value.Role.View);
    }

    private static async Task<Results<NoContent, Problem>> Delete(string role, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteRole(role, context.IfMatch()), ct)).Answer();
}
