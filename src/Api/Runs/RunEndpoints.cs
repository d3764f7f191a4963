using System.Globalization;
using System.Runtime.CompilerServices;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Runs;

internal static class RunEndpoints
{
    public static void MapRuns(this IEndpointRouteBuilder api)
    {
        var runs = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/runs").WithTags("Runs");
        runs.MapGet("", List).WithName("ListRuns").Needs(Resource.Runs, Verb.Read).WithSummary("List the runs of a pipeline, newest first");
        runs.MapPost("", Create).WithName("CreateRun").Needs(Resource.Runs, Verb.Operate).WithSummary("Run a pipeline").Produces<RunView>(StatusCodes.Status201Created).WithMetadata(new TakesIdempotencyKey());
        runs.MapPost("/batch", CreateBatch).WithName("CreateRuns").Needs(Resource.Runs, Verb.Operate).WithSummary("Run a pipeline many times: all runs are created or none")
            .Produces<RunBatchView>(StatusCodes.Status201Created).WithMetadata(new TakesIdempotencyKey());
        runs.MapGet("/{run}", Get).WithName("GetRun").Needs(Resource.Runs, Verb.Read).WithSummary("Read a run, or follow it and its tasks")
            .Produces<RunView>(StatusCodes.Status200OK, "application/json", "text/event-stream");
        runs.MapPost("/{run}/cancel", Cancel).WithName("CancelRun").Needs(Resource.Runs, Verb.Operate).WithSummary("Cancel a run");
        runs.MapPost("/{run}/rerun", Rerun).WithName("RerunRun").Needs(Resource.Runs, Verb.Operate).WithSummary("Run a run again, from the start or from what failed; with dry_run only say what that would do")
            .Produces<RunView>(StatusCodes.Status201Created).Produces<RerunPlanView>().WithMetadata(new TakesIdempotencyKey());
        runs.MapGet("/{run}/explain", Explain).WithName("ExplainRun").Needs(Resource.Runs, Verb.Read).WithSummary("Say why a run is where it is");
        runs.MapGet("/{run}/events", Events).WithName("ListRunEvents").Needs(Resource.Runs, Verb.Read).WithSummary("List the events of a run, oldest first, or follow them")
            .Produces<Page<EventView>>(StatusCodes.Status200OK, "application/json", "text/event-stream");
        runs.MapGet("/{run}/graph", Graph).WithName("GetRunGraph").Needs(Resource.Runs, Verb.Read).WithSummary("Draw a run, as JSON or Mermaid")
            .Produces<GraphView>(StatusCodes.Status200OK, "application/json", "text/vnd.mermaid");
        api.MapGet("/namespaces/{namespace}/runs", ListAll).WithTags("Runs").WithName("ListNamespaceRuns").Needs(Resource.Runs, Verb.Read)
            .WithSummary("List the runs of a namespace, newest first");
    }

    private static Task<Results<Ok<Page<RunView>>, Problem>> List(
        string @namespace, string pipeline, [AsParameters] RunQuery query, Caller caller, IMediator mediator, CancellationToken ct) =>
        ListAsync(caller.In(@namespace), pipeline, query, mediator, ct);

    private static Task<Results<Ok<Page<RunView>>, Problem>> ListAll(
        string @namespace, [AsParameters] RunQuery query, Caller caller, IMediator mediator, CancellationToken ct) =>
        ListAsync(caller.In(@namespace), null, query, mediator, ct);

    private static async Task<Results<Ok<Page<RunView>>, Problem>> ListAsync(
        NamespaceScope @namespace, string? pipeline, RunQuery query, IMediator mediator, CancellationToken ct)
    {
        var filter = query.ToFilter();
        return filter.IsOk
            ? (await mediator.Send(new ListRuns(@namespace, pipeline, filter.Value, new PageRequest(query.Limit, query.Cursor)), ct)).Answer()
            : filter.Error.ToProblem();
    }

    private static async Task<IResult> Create(
        string @namespace, string pipeline, Body<NewRunBody> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var created = await mediator.Send(new CreateRun(caller.In(@namespace), pipeline, body.Value.ToRun(), key.Claim(context, @namespace, body.Raw)), ct);
        return created.IsOk ? new StoredResult(created.Value) : created.Error.ToProblem();
    }

    private static async Task<IResult> CreateBatch(
        string @namespace, string pipeline, Body<RunBatchBody> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var claim = key.Claim(context, @namespace, body.Raw);
        var created = await mediator.Send(new CreateRuns(caller.In(@namespace), pipeline, [.. body.Value.Runs.Select(r => r.ToRun())], claim), ct);
        return created.IsOk ? new StoredResult(created.Value) : created.Error.ToProblem();
    }

    private static async Task<IResult> Get(
        string @namespace, string pipeline, string run, HttpContext context, Caller caller, IMediator mediator, RunFollower follower, CancellationToken ct,
        bool follow = false)
    {
        var scope = await mediator.Send(new FindRun(new RunPath(caller.In(@namespace), pipeline, run)), ct);
        if (!scope.IsOk) return scope.Error.ToProblem();
        if (!follow)
        {
            var view = await mediator.Send(new GetRun(new RunPath(caller.In(@namespace), pipeline, run)), ct);
            return view.IsOk ? TypedResults.Ok(view.Value) : view.Error.ToProblem();
        }

        return After(context, scope.Value) is { IsOk: true } after
            ? new EventStream(token => ChangesAsync(follower, scope.Value, after.Value, token), token => EndAsync(follower, scope.Value, token))
            : After(context, scope.Value).Error!.ToProblem();
    }

    private static async Task<Results<Ok<RunView>, Problem>> Cancel(
        string @namespace, string pipeline, string run, Body<CancelBody> body, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new CancelRun(new RunPath(caller.In(@namespace), pipeline, run), body.Value.Reason), ct)).Answer();

    private static async Task<IResult> Rerun(
        string @namespace, string pipeline, string run, Body<RerunRequest> body, IdempotencyHeader key, HttpContext context, Caller caller, IMediator mediator,
        CancellationToken ct, [FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        var path = new RunPath(caller.In(@namespace), pipeline, run);
        if (dryRun)
        {
            var plan = await mediator.Send(new PlanRerun(path, body.Value.Version, body.Value.FromFailed), ct);
            return plan.IsOk ? TypedResults.Ok(plan.Value) : plan.Error.ToProblem();
        }

        var created = await mediator.Send(new RerunRun(path, body.Value.Version, body.Value.FromFailed, key.Claim(context, @namespace, body.Raw)), ct);
        return created.IsOk ? new StoredResult(created.Value) : created.Error.ToProblem();
    }

    private static async Task<Results<Ok<ExplanationView>, Problem>> Explain(
        string @namespace, string pipeline, string run, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new ExplainRun(new RunPath(caller.In(@namespace), pipeline, run)) { HidesOthers = caller.Run is not null }, ct)).Answer();

    private static async Task<IResult> Events(
        string @namespace, string pipeline, string run, HttpContext context, Caller caller, IMediator mediator, RunFollower follower, CancellationToken ct,
        bool follow = false, int? limit = null, string? cursor = null)
    {
        var path = new RunPath(caller.In(@namespace), pipeline, run);
        if (!follow)
        {
            var page = await mediator.Send(new ListRunEvents(path, new PageRequest(limit, cursor)), ct);
            return page.IsOk ? TypedResults.Ok(page.Value) : page.Error.ToProblem();
        }

        var scope = await mediator.Send(new FindRun(path), ct);
        if (!scope.IsOk) return scope.Error.ToProblem();
        return After(context, scope.Value) is { IsOk: true } after
            ? new EventStream(token => EventsAsync(follower, scope.Value, after.Value, token), token => EndAsync(follower, scope.Value, token))
            : After(context, scope.Value).Error!.ToProblem();
    }

    private static async Task<IResult> Graph(
        string @namespace, string pipeline, string run, HttpContext context, Caller caller, IMediator mediator, CancellationToken ct)
    {
        var graph = await mediator.Send(new GetRunGraph(new RunPath(caller.In(@namespace), pipeline, run)), ct);
        if (!graph.IsOk) return graph.Error.ToProblem();
        return context.Request.Headers.Accept.ToString().Contains("text/vnd.mermaid", StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Text(graph.Value.ToMermaid(), "text/vnd.mermaid")
            : TypedResults.Ok(graph.Value);
    }

    private static async IAsyncEnumerable<ServerEvent> ChangesAsync(
        RunFollower follower, RunScope scope, int after, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var change in follower.ChangesAsync(scope, after, ct))
        {
            var id = change.Seq.ToString(CultureInfo.InvariantCulture);
            yield return change.Task is { } task ? new ServerEvent("task", id, task) : new ServerEvent("run", id, change.Run!);
        }
    }

    private static async IAsyncEnumerable<ServerEvent> EventsAsync(
        RunFollower follower, RunScope scope, int after, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var e in follower.EventsAsync(scope, after, ct))
        {
            yield return new ServerEvent(e.Type, e.Seq.ToString(CultureInfo.InvariantCulture), e);
        }
    }

    internal static async Task<object> EndAsync(RunFollower follower, RunScope scope, CancellationToken ct)
    {
        var run = await follower.RunAsync(scope, ct);
        return new EndView(run.State.ToString().ToLowerInvariant(), run.Reason);
    }

    /// <summary>The event after which a stream goes on: that of <c>Last-Event-ID</c>, else the start.</summary>
    private static Result<int> After(HttpContext context, RunScope scope)
    {
        if (EventStream.LastEventId(context) is not { } id) return 0;
        return int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) && seq <= scope.Run.EventSeq
            ? seq
            : Error.Malformed("", $"Last-Event-ID {Shown.Quoted(id)} is no event of this run.");
    }
}

/// <summary>The filters of a list of runs, as they stand in the query.</summary>
public sealed record RunQuery(
    [FromQuery(Name = "state")] string[]? State, [FromQuery(Name = "version")] int[]? Version, [FromQuery(Name = "trigger")] string[]? Trigger,
    [FromQuery(Name = "label")] string[]? Label,
    [FromQuery(Name = "created_after")] DateTimeOffset? CreatedAfter, [FromQuery(Name = "created_before")] DateTimeOffset? CreatedBefore,
    [FromQuery(Name = "limit")] int? Limit, [FromQuery(Name = "cursor")] string? Cursor)
{
    internal Result<RunFilter> ToFilter()
    {
        var states = new List<RunState>();
        var labels = new List<(string, string)>();
        var faults = new List<Fault>();
        foreach (var state in State ?? [])
        {
            if (Enum.TryParse<RunState>(state, ignoreCase: true, out var known) && state.All(char.IsAsciiLetter)) states.Add(known);
            else faults.Add(new Fault("/state", $"{Shown.Quoted(state)} is no state; it must be one of pending, running, succeeded, failed, cancelled."));
        }

        foreach (var version in Version ?? [])
        {
            if (version < 1) faults.Add(new Fault("/version", $"version must be 1 or more, not {version}."));
        }

        foreach (var trigger in Trigger ?? [])
        {
            if (Slug.Complaint(trigger) is { } complaint) faults.Add(new Fault("/trigger", $"trigger {complaint}"));
        }

        foreach (var label in Label ?? [])
        {
            var colon = label.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && !label.Contains('\0', StringComparison.Ordinal)) labels.Add((label[..colon], label[(colon + 1)..]));
            else faults.Add(new Fault("/label", $"{Shown.Quoted(label)} is no filter; write label=key:value."));
        }

        return faults.Count > 0 ? Error.Invalid(faults) : new RunFilter(states, Version ?? [], Trigger ?? [], labels, CreatedAfter, CreatedBefore);
    }
}
