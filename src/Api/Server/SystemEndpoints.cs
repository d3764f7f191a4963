using System.Text.Json;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Application.Server;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Pipelines;
using Gofer.Infrastructure.Postgres;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Gofer.Api.Server;

/// <summary>What server this is; <paramref name="TaskLimit"/> is how many tasks of the install run at a time, 0 for no limit.</summary>
public sealed record SystemView(string Version, string Commit, string? Scheduler, bool DevMode, int TaskLimit, LimitsView Limits);

/// <summary>The body that changes what is set of the whole install; <paramref name="TaskLimit"/> 0 sets no limit.</summary>
public sealed record SystemBody(int? TaskLimit) : IBody<SystemBody>
{
    /// <inheritdoc/>
    public static SystemBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var body = new SystemBody((int?)fields["task_limit"].Whole(0, Namespace.MaxTaskLimit));
        fields.Done();
        return body;
    }
}

/// <summary>The limits in force.</summary>
public sealed record LimitsView(int BodyBytes, int Tasks, int Parents, int Variables, int VariableBytes, int BatchRuns, int PageItems);

/// <summary>Whether the server can work; <paramref name="Checks"/> names each thing that it needs.</summary>
public sealed record ReadinessView(bool Ready, IReadOnlyDictionary<string, string> Checks);

internal static class SystemEndpoints
{
    public static void MapSystem(this IEndpointRouteBuilder api)
    {
        api.MapGet("/system", Get).WithTags("System").WithName("GetSystem").NeedsToken().WithSummary("What server this is");
        api.MapPatch("/system", Update).WithTags("System").WithName("UpdateSystem").Needs(Resource.System, Verb.Write).WithSummary("Change what is set of the whole install");
    }

    public static void MapProbes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Text("ok")).WithTags("System").WithName("GetHealth").IsOpen().WithSummary("Whether the process lives");
        app.MapGet("/readyz", Ready).WithTags("System").WithName("GetReadiness").IsOpen().WithSummary("Whether the server can work")
            .Produces<ReadinessView>(StatusCodes.Status200OK).Produces<ReadinessView>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<SystemView>> Get(IOptions<ApiOptions> options, DocumentLimits limits, IMediator mediator, CancellationToken ct) =>
        TypedResults.Ok(View(options.Value, limits, (await mediator.Send(new GetTaskLimit(), ct)).Value));

    private static async Task<Ok<SystemView>> Update(
        Body<SystemBody> body, IOptions<ApiOptions> options, DocumentLimits limits, IMediator mediator, CancellationToken ct) =>
        TypedResults.Ok(View(options.Value, limits, (await mediator.Send(new SetTaskLimit(body.Value.TaskLimit), ct)).Value));

    private static SystemView View(ApiOptions options, DocumentLimits limits, int taskLimit) => new(
        ProductVersion.Version, ProductVersion.Commit, options.Scheduler, options.DevMode, taskLimit,
        new LimitsView(
            RawBody.Limit, limits.Tasks, limits.Parents, limits.Variables, limits.VariableBytes, CreateRuns.MaxRuns, PageRequest.MaxLimit));

    private static async Task<IResult> Ready(DatabaseWatch database, IEnumerable<IReadiness> others, CancellationToken ct)
    {
        var checks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var complaint = await database.ComplaintAsync(ct);
        checks["database"] = complaint ?? "ok";
        foreach (var other in others)
        {
            var said = other.Complaint();
            checks[other.Name] = said ?? other.Detail;
            complaint ??= said;
        }

        return TypedResults.Json(
            new ReadinessView(complaint is null, checks), GoferJson.Options,
            statusCode: complaint is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
