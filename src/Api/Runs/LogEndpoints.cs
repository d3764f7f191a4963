using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Logs;
using Gofer.Application.Runs;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Runs;

/// <summary>One line of output as followers get it: <c>text</c>, or <c>base64</c> where the bytes are not UTF-8; <c>eol</c> says whether its end is there.</summary>
public sealed record LogLineView(
    string Task, int Attempt, LogStream Stream, long Seq, DateTimeOffset Time,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] string? Text,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] string? Base64,
    bool Eol);

internal static class LogEndpoints
{
    /// <summary>The longest tail, in lines.</summary>
    private const int MaxTail = 100_000;

    public static void MapLogs(this IEndpointRouteBuilder api)
    {
        var logs = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}").WithTags("Logs");
        logs.MapGet("/tasks/{task}/logs", OfTask).WithName("GetTaskLogs").Needs(Resource.Logs, Verb.Read).WithSummary("Read the output of a task as it was, or follow it line by line")
            .Produces<string>(StatusCodes.Status200OK, "text/plain", "text/event-stream");
        logs.MapGet("/logs", OfRun).WithName("GetRunLogs").Needs(Resource.Logs, Verb.Read).WithSummary("Read the output of all tasks in order of arrival, each line with its task, or follow it")
            .Produces<string>(StatusCodes.Status200OK, "text/plain", "text/event-stream");
    }

    private static async Task<IResult> OfTask(
        string @namespace, string pipeline, string run, string task, HttpContext context, Caller caller, IMediator mediator, LogReader reader, RunFollower follower,
        CancellationToken ct, int? attempt = null, int? tail = null, string? stream = null, bool follow = false)
    {
        var scope = await mediator.Send(new FindRun(new RunPath(caller.In(@namespace), pipeline, run)), ct);
        if (!scope.IsOk) return scope.Error.ToProblem();
        if (Check(attempt, tail, stream) is { } refused) return refused.ToProblem();
        var found = await mediator.Send(new FindTask(scope.Value, task), ct);
        if (!found.IsOk) return found.Error.ToProblem();
        var query = new LogQuery(scope.Value, found.Value, attempt, Stream(stream), tail);
        return Answer(query, follow, context, reader, async token =>
        {
            var ended = await mediator.Send(new GetTask(scope.Value.Path, task), token);
            return ended.IsOk ? new EndView(ended.Value.State.ToString().ToLowerInvariant(), ended.Value.Reason) : new EndView("unknown", null);
        });
    }

    private static async Task<IResult> OfRun(
        string @namespace, string pipeline, string run, HttpContext context, Caller caller, IMediator mediator, LogReader reader, RunFollower follower,
        CancellationToken ct, int? tail = null, string? stream = null, bool follow = false)
    {
        var scope = await mediator.Send(new FindRun(new RunPath(caller.In(@namespace), pipeline, run)), ct);
        if (!scope.IsOk) return scope.Error.ToProblem();
        if (context.Request.Query.ContainsKey("attempt"))
        {
            return Error.Invalid("/attempt", "The output of a run is that of all attempts of its tasks; 'attempt' is for the output of one task.").ToProblem();
        }

        if (Check(null, tail, stream) is { } refused) return refused.ToProblem();
        var query = new LogQuery(scope.Value, null, null, Stream(stream), tail);
        return Answer(query, follow, context, reader, token => RunEndpoints.EndAsync(follower, scope.Value, token));
    }

    private static IResult Answer(LogQuery query, bool follow, HttpContext context, LogReader reader, Func<CancellationToken, Task<object>> end)
    {
        if (!follow) return query.Task is null ? new PlainRunLog(query, reader) : new PlainTaskLog(query, reader);
        LogPlace? resume = null;
        if (EventStream.LastEventId(context) is { } id)
        {
            if (!LogPlace.TryParse(id, query.Task is null, out var place)) return Error.Malformed("", $"Last-Event-ID {Shown.Quoted(id)} is no place in this log.").ToProblem();
            resume = place;
        }

        return new EventStream(token => LinesAsync(query, resume, reader, token), end);
    }

    private static async IAsyncEnumerable<ServerEvent> LinesAsync(
        LogQuery query, LogPlace? resume, LogReader reader, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var line in reader.FollowAsync(query, resume, ct))
        {
            var bytes = line.Bytes.Span;
            var isText = Utf8.IsValid(bytes);
            yield return new ServerEvent("log", line.ResumeId, new LogLineView(
                line.Task, line.Attempt, line.Stream, line.Seq, line.Time,
                isText ? System.Text.Encoding.UTF8.GetString(bytes) : null, isText ? null : Convert.ToBase64String(bytes), line.Eol));
        }
    }

    private static LogStream? Stream(string? text) => text switch
    {
        "stdout" => LogStream.Stdout,
        "stderr" => LogStream.Stderr,
        _ => null,
    };

    private static Error? Check(int? attempt, int? tail, string? stream)
    {
        var faults = new List<Fault>();
        if (attempt < 1) faults.Add(new Fault("/attempt", "attempt must be 1 or more."));
        if (tail is < 0 or > MaxTail) faults.Add(new Fault("/tail", $"tail must be from 0 to {MaxTail}."));
        if (stream is not (null or "stdout" or "stderr")) faults.Add(new Fault("/stream", $"stream must be 'stdout' or 'stderr', not {Shown.Quoted(stream)}."));
        return faults.Count > 0 ? Error.Invalid(faults) : null;
    }

    /// <summary>The bytes of a task as they were.</summary>
    private sealed class PlainTaskLog(LogQuery query, LogReader reader) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            if (!Begin(httpContext)) return;
            await foreach (var chunk in reader.ChunksAsync(query, httpContext.RequestAborted))
            {
                await httpContext.Response.Body.WriteAsync(chunk.Bytes, httpContext.RequestAborted);
            }
        }
    }

    /// <summary>The lines of all tasks, each behind its task; a line that a chunk cuts is joined where nothing came between.</summary>
    private sealed class PlainRunLog(LogQuery query, LogReader reader) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            if (!Begin(httpContext)) return;
            var body = httpContext.Response.Body;
            (int Task, LogStream Stream)? open = null;
            await foreach (var chunk in reader.ChunksAsync(query, httpContext.RequestAborted))
            {
                var prefix = System.Text.Encoding.UTF8.GetBytes($"{query.Scope.Graph.Nodes[chunk.Task].Id} | ");
                var rest = chunk.Bytes;
                if (open is { } unfinished && unfinished != (chunk.Task, chunk.Stream)) await body.WriteAsync("\n"u8.ToArray(), httpContext.RequestAborted);
                var goesOn = open == (chunk.Task, chunk.Stream);
                while (rest.Length > 0)
                {
                    var end = rest.Span.IndexOf((byte)'\n');
                    var line = end < 0 ? rest : rest[..(end + 1)];
                    if (!goesOn) await body.WriteAsync(prefix, httpContext.RequestAborted);
                    await body.WriteAsync(line, httpContext.RequestAborted);
                    rest = rest[line.Length..];
                    goesOn = false;
                    open = end < 0 ? (chunk.Task, chunk.Stream) : null;
                }
            }
        }
    }

    /// <summary>Sets the headers; false where they are all that is wanted.</summary>
    private static bool Begin(HttpContext context)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        return !Head.IsAsked(context);
    }
}
