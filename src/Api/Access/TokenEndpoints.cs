using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Access;

internal static class TokenEndpoints
{
    private const string Home = "/api/v1/tokens";

    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        var tokens = api.MapGroup("/tokens").WithTags("Tokens");
        tokens.MapGet("", List).WithName("ListTokens").Needs(Resource.Tokens, Verb.Read).WithSummary("List tokens, without their texts");
        tokens.MapPost("", Create).WithName("CreateToken").Needs(Resource.Tokens, Verb.Write).WithSummary("Make a token; its text is in this answer alone");
        tokens.MapPost("/bootstrap", Bootstrap).WithName("BootstrapToken").IsOpen().WithSummary("Make the first token of an install, once, for whoever asks first");
        tokens.MapGet("/whoami", Who).WithName("WhoAmI").NeedsToken().WithSummary("Say who asks and what it may do");
        tokens.MapGet("/{id}", Get).WithName("GetToken").Needs(Resource.Tokens, Verb.Read).WithSummary("Read what is known of a token but its text");
        tokens.MapPatch("/{id}", Update).WithName("UpdateToken").Needs(Resource.Tokens, Verb.Write).WithSummary("Change a token, disable or enable it");
        tokens.MapDelete("/{id}", Delete).WithName("DeleteToken").Needs(Resource.Tokens, Verb.Delete).WithSummary("Revoke a token for good");
    }

    private static async Task<Results<Ok<Page<TokenView>>, Problem>> List(IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListTokens(new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Created<NewTokenView>, Problem>> Create(
        Body<NewTokenInput> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var wanted = body.Value;
        return Created(await mediator.Send(new CreateToken(caller, wanted.Name, wanted.Roles, wanted.Namespaces, wanted.Life), ct), context);
    }

    private static async Task<Results<Created<NewTokenView>, Problem>> Bootstrap(HttpContext context, IMediator mediator, CancellationToken ct)
    {
        // It takes no token, so a page of anybody's could ask for it, and browsers say of each such request where it comes from.
        return context.Request.Headers.Origin.Count > 0
            ? new Error(ErrorKind.Forbidden, ErrorCodes.ForeignOrigin, "The first token is not made for a page in a browser: use 'gofer token bootstrap'.").ToProblem()
            : Created(await mediator.Send(new BootstrapToken(), ct), context);
    }

    private static async Task<Results<Ok<WhoAmIView>, Problem>> Who(Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new WhoAmI(caller), ct)).Answer();

    private static async Task<Results<Ok<TokenView>, Problem>> Get(string id, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetToken(id), ct)).Answer(context);

    private static async Task<Results<Ok<TokenView>, Problem>> Update(
        string id, Body<TokenInput> body, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateToken(caller, id, body.Value.Settings, context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<NoContent, Problem>> Delete(string id, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteToken(caller, id), ct)).Answer();

    private static Results<Created<NewTokenView>, Problem> Created(Result<NewTokenView> made, HttpContext context)
    {
        if (!made.IsOk) return made.Error.ToProblem();
        // No cache on the way keeps the only answer that holds it.
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"{Home}/{made.Value.Id}", made.Value);
    }
}
