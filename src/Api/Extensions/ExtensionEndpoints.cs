using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Extensions;

internal static class ExtensionEndpoints
{
    /// <summary>The longest tail, in lines.</summary>
    private const int MaxTail = 100_000;

    /// <summary>Bytes of one answer: twice what is kept, so that one that goes on writing has an end all the same.</summary>
    private const long MaxBytes = 8 << 20;

    public static void MapExtensions(this IEndpointRouteBuilder api)
    {
        var extensions = api.MapGroup("/extensions").WithTags("Extensions");
        extensions.MapGet("", List).WithName("ListExtensions").Needs(Resource.Extensions, Verb.Read).WithSummary("List the extensions of the install");
        extensions.MapPost("", Install).WithName("InstallExtension").Needs(Resource.Extensions, Verb.Write).WithSummary("Install an extension; its URL, and the token of one at an endpoint, are in this answer alone");
        extensions.MapGet("/{extension}", Get).WithName("GetExtension").Needs(Resource.Extensions, Verb.Read).WithSummary("Read an extension, what became of it and what it says of itself");
        extensions.MapPatch("/{extension}", Update).WithName("UpdateExtension").Needs(Resource.Extensions, Verb.Write).WithSummary("Change how an extension is run; its subscriptions stay");
        extensions.MapDelete("/{extension}", Uninstall).WithName("UninstallExtension").Needs(Resource.Extensions, Verb.Delete).WithSummary("Uninstall an extension; one with subscribers only with force");
        extensions.MapPost("/{extension}/enable", Enable).WithName("EnableExtension").Needs(Resource.Extensions, Verb.Operate).WithSummary("Let an extension run");
        extensions.MapPost("/{extension}/disable", Disable).WithName("DisableExtension").Needs(Resource.Extensions, Verb.Operate).WithSummary("End an extension; its subscriptions wait until it is enabled");
        extensions.MapGet("/{extension}/logs", Logs).WithName("GetExtensionLogs").Needs(Resource.Extensions, Verb.Read).WithSummary("Read the newest output of an extension that Gofer runs")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static async Task<Results<Ok<Page<ExtensionView>>, Problem>> List(IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListExtensions(new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Created<ExtensionView>, Problem>> Install(Body<ExtensionRequest> body, HttpContext context, IMediator mediator, CancellationToken ct)
    {
        var installed = await mediator.Send(new InstallExtension(body.Value.Definition, body.Value.Enabled), ct);
        if (!installed.IsOk) return installed.Error.ToProblem();
        context.Response.Headers.ETag = installed.Value.Tag;
        return TypedResults.Created($"/api/v1/extensions/{installed.Value.View.Id}", installed.Value.View);
    }

    private static async Task<Results<Ok<ExtensionView>, Problem>> Get(string extension, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetExtension(extension), ct)).Answer(context);

    private static async Task<Results<Ok<ExtensionView>, Problem>> Update(string extension, Body<ExtensionChangeRequest> body, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateExtension(extension, body.Value.Change, body.Value.Enabled, context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<NoContent, Problem>> Uninstall(string extension, HttpContext context, IMediator mediator, CancellationToken ct, bool force = false) =>
        (await mediator.Send(new UninstallExtension(extension, force, context.IfMatch()), ct)).Answer();

    private static async Task<Results<Ok<ExtensionView>, Problem>> Enable(string extension, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateExtension(extension, ExtensionChange.None, true, context.IfMatch()), ct)).Answer(context);

    private static async Task<Results<Ok<ExtensionView>, Problem>> Disable(string extension, HttpContext context, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new UpdateExtension(extension, ExtensionChange.None, false, context.IfMatch()), ct)).Answer(context);

    private static async Task<IResult> Logs(string extension, HttpContext context, IMediator mediator, CancellationToken ct, int? tail = null)
    {
        if (tail is < 1 or > MaxTail) return Error.Invalid("/tail", $"tail must be from 1 to {MaxTail} lines.").ToProblem();
        var first = await mediator.Send(new ReadExtensionLog(extension, 0, tail), ct);
        if (!first.IsOk) return first.Error.ToProblem();
        return Results.Stream(
            async body =>
            {
                var sent = 0L;
                for (var read = first; read is { IsOk: true, Value.Pieces.Count: > 0 } && sent < MaxBytes; read = await mediator.Send(new ReadExtensionLog(extension, read.Value.Last, null), ct))
                {
                    foreach (var piece in read.Value.Pieces) await body.WriteAsync(piece, ct);
                    sent += read.Value.Pieces.Sum(p => (long)p.Length);
                }
            },
            "text/plain");
    }
}
