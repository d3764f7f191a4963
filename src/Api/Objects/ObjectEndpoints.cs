using System.Globalization;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace Gofer.Api.Objects;

/// <summary>Objects: bytes under a key, streamed both ways.</summary>
internal static class ObjectEndpoints
{
    private const string Home = "/api/v1/namespaces/";

    /// <summary>Whoever sends or reads an object may stand still for as long as an upload may before it is given up: a program at the other end of a pipe does.</summary>
    private static readonly MinDataRate s_slowest = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromHours(1));

    public static void MapObjects(this IEndpointRouteBuilder api)
    {
        var pipelines = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/objects").WithTags("Objects");
        pipelines.MapGet("", ListOfPipeline).WithName("ListPipelineObjects").Needs(Resource.Objects, Verb.Read).WithSummary("List the objects of a pipeline, without their bytes");
        pipelines.MapGet("/{key}", GetOfPipeline).WithName("GetPipelineObject").Needs(Resource.Objects, Verb.Read).WithSummary("Read the bytes of a pipeline's object, or a part of them").AnswersBytes();
        pipelines.MapPut("/{key}", PutOfPipeline).WithName("PutPipelineObject").Needs(Resource.Objects, Verb.Write).WithSummary("Make an object of a pipeline, or give it other bytes").WithMetadata(new TakesBytes());
        pipelines.MapDelete("/{key}", DeleteOfPipeline).WithName("DeletePipelineObject").Needs(Resource.Objects, Verb.Delete).WithSummary("Delete an object of a pipeline");

        var runs = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}/objects").WithTags("Objects");
        runs.MapGet("", ListOfRun).WithName("ListRunObjects").Needs(Resource.Objects, Verb.Read).WithSummary("List the objects of a run, without their bytes");
        runs.MapGet("/{key}", GetOfRun).WithName("GetRunObject").Needs(Resource.Objects, Verb.Read).WithSummary("Read the bytes of a run's object, or a part of them").AnswersBytes();
        runs.MapPut("/{key}", PutOfRun).WithName("PutRunObject").Needs(Resource.Objects, Verb.Write).WithSummary("Make an object of a run, or give it other bytes").WithMetadata(new TakesBytes());
        runs.MapDelete("/{key}", DeleteOfRun).WithName("DeleteRunObject").Needs(Resource.Objects, Verb.Delete).WithSummary("Delete an object of a run");
    }

    private static Task<Results<Ok<Page<ObjectView>>, Problem>> ListOfPipeline(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(new ObjectPlace(caller.In(@namespace), pipeline, null), limit, cursor, mediator, ct);

    private static Task<Results<Ok<Page<ObjectView>>, Problem>> ListOfRun(
        string @namespace, string pipeline, string run, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(new ObjectPlace(caller.In(@namespace), pipeline, run), limit, cursor, mediator, ct);

    private static Task<IResult> GetOfPipeline(string @namespace, string pipeline, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        GetAsync(new ObjectPlace(caller.In(@namespace), pipeline, null), key, mediator, ct);

    private static Task<IResult> GetOfRun(string @namespace, string pipeline, string run, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        GetAsync(new ObjectPlace(caller.In(@namespace), pipeline, run), key, mediator, ct);

    private static Task<Results<Ok<PutObjectView>, Created<PutObjectView>, Problem>> PutOfPipeline(
        string @namespace, string pipeline, string key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new ObjectPlace(caller.In(@namespace), pipeline, null), key, context, mediator, ct);

    private static Task<Results<Ok<PutObjectView>, Created<PutObjectView>, Problem>> PutOfRun(
        string @namespace, string pipeline, string run, string key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new ObjectPlace(caller.In(@namespace), pipeline, run), key, context, mediator, ct);

    private static async Task<Results<NoContent, Problem>> DeleteOfPipeline(
        string @namespace, string pipeline, string key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteObject(new ObjectPlace(caller.In(@namespace), pipeline, null), key, new ObjectCondition(context.IfMatch(), None: false)), ct)).Answer();

    private static async Task<Results<NoContent, Problem>> DeleteOfRun(
        string @namespace, string pipeline, string run, string key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteObject(new ObjectPlace(caller.In(@namespace), pipeline, run), key, new ObjectCondition(context.IfMatch(), None: false)), ct)).Answer();

    private static async Task<Results<Ok<Page<ObjectView>>, Problem>> ListAsync(
        ObjectPlace place, int? limit, string? cursor, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new ListObjects(place, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<IResult> GetAsync(ObjectPlace place, string key, IMediator mediator, CancellationToken ct)
    {
        var found = await mediator.Send(new GetObject(place, key), ct);
        return found.IsOk ? new ObjectBytes(found.Value) : found.Error.ToProblem();
    }

    private static async Task<Results<Ok<PutObjectView>, Created<PutObjectView>, Problem>> PutAsync(
        ObjectPlace place, string key, HttpContext context, IMediator mediator, CancellationToken ct)
    {
        if (Condition(context) is { IsOk: false } bad) return bad.Error.ToProblem();
        // The use case counts for itself, and says what the limit is.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = s_slowest;
        var done = await mediator.Send(new PutObject(place, key, context.Request.Body, context.Request.ContentLength, Condition(context).Value), ct);
        if (!done.IsOk) return done.Error.ToProblem();
        var ((info, created, evicted), run) = done.Value;
        var view = new PutObjectView(info.Key, info.Size, Convert.ToHexStringLower(info.Sha256), info.CreatedAt, info.UpdatedAt, evicted);
        context.Response.Headers.ETag = info.Tag;
        if (!created) return TypedResults.Ok(view);
        var owner = run is { } number ? string.Create(CultureInfo.InvariantCulture, $"/runs/{number}") : "";
        return TypedResults.Created($"{Home}{place.Namespace.Name}/pipelines/{place.Pipeline}{owner}/objects/{key}", view);
    }

    /// <summary>What the caller demands of what is there: <c>If-Match</c>, or <c>If-None-Match: *</c> for nothing.</summary>
    private static Result<ObjectCondition> Condition(HttpContext context)
    {
        string? none = context.Request.Headers.IfNoneMatch;
        return none is null or "*"
            ? new ObjectCondition(context.IfMatch(), None: none is not null)
            : Error.Malformed("", "If-None-Match can only be * here: an object is made where there is none, or given other bytes.");
    }

    /// <summary>Says of an operation that it answers the bytes of an object, and in which ways.</summary>
    private static void AnswersBytes(this RouteHandlerBuilder builder) => builder
        .Produces<Stream>(StatusCodes.Status200OK, ObjectBytes.Type).Produces<Stream>(StatusCodes.Status206PartialContent, ObjectBytes.Type)
        .Produces(StatusCodes.Status304NotModified).Produces(StatusCodes.Status416RangeNotSatisfiable);

    /// <summary>
    /// The bytes with their digest as entity tag: whole, the part that <c>Range</c> asks for, or none where the caller has them. Nothing that somebody
    /// stored is ever shown as a page of this server's.
    /// </summary>
    private sealed class ObjectBytes(FoundObject found) : IResult
    {
        public const string Type = "application/octet-stream";

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var (info, headers) = (found.Info, httpContext.Response.Headers);
            headers.ContentSecurityPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";
            headers.CacheControl = "private, no-cache"; // whoever has the bytes may keep them, and asks each time whether they are still the ones
            if (Head.IsAsked(httpContext))
            {
                (headers.ETag, headers.AcceptRanges) = (info.Tag, "bytes");
                headers.LastModified = info.UpdatedAt.ToString("R");
                headers.ContentDisposition = $"attachment; filename={info.Key}; filename*=UTF-8''{info.Key}";
                var has = httpContext.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries);
                if (has.Contains(info.Tag) || has is ["*"]) httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
                else (headers.ContentType, headers.ContentLength) = (Type, info.Size);
                return;
            }

            if (HttpProtocol.IsHttp11(httpContext.Request.Protocol) && httpContext.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = s_slowest;

            httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await TypedResults.Stream(found.Content, Type, info.Key, info.UpdatedAt, new EntityTagHeaderValue(info.Tag), enableRangeProcessing: true)
                .ExecuteAsync(httpContext);
        }
    }
}
