using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Pipelines;

internal static class VersionEndpoints
{
    /// <summary>The word for the live version in <c>against</c>.</summary>
    private const string Live = "live";

    public static void MapVersions(this IEndpointRouteBuilder api)
    {
        var versions = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/versions").WithTags("Versions");
        versions.MapGet("", List).WithName("ListVersions").Needs(Resource.Pipelines, Verb.Read).WithSummary("List versions, newest first");
        versions.MapGet("/{version}", Get).WithName("GetVersion").Needs(Resource.Pipelines, Verb.Read).WithSummary("Read a version");
        versions.MapGet("/{version}/diff", Diff).WithName("DiffVersion").Needs(Resource.Pipelines, Verb.Read).WithSummary("Compare a version with the live one, or with another");
        versions.MapPost("/{version}/deploy", Deploy).WithName("DeployVersion").Needs(Resource.Pipelines, Verb.Operate).WithSummary("Make a version live");
    }

    private static async Task<Results<Ok<Page<VersionView>>, Problem>> List(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        (await mediator.Send(new ListVersions(caller.In(@namespace), pipeline, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<VersionView>, Problem>> Get(
        string @namespace, string pipeline, string version, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetVersion(caller.In(@namespace), pipeline, version), ct)).Answer();

    private static async Task<Results<Ok<DiffView>, Problem>> Diff(
        string @namespace, string pipeline, string version, Caller caller, IMediator mediator, CancellationToken ct, string against = Live)
    {
        if (against != Live && Number(against) == 0)
        {
            return Error.Malformed("/against", $"The parameter 'against' must be 'live' or a version's number, not {Shown.Quoted(against)}.").ToProblem();
        }

        return (await mediator.Send(new DiffVersion(caller.In(@namespace), pipeline, version, against == Live ? null : Number(against)), ct)).Answer();
    }

    private static async Task<Results<Ok<VersionView>, Problem>> Deploy(
        string @namespace, string pipeline, string version, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeployVersion(caller.In(@namespace), pipeline, version, context.IfMatch()), ct)).Answer();

    /// <summary>The number that a text names; 0, which no version has, where it names none.</summary>
    private static int Number(string text) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0;
}
