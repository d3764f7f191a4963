using System.Globalization;
using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Which version a rerun gets: <see cref="Number"/> where it is set, else the live one or that of the run.</summary>
public readonly record struct RerunVersion(bool Live, int? Number);

/// <summary>
/// Repeats a run that has ended, with its parameters, variables, labels and priority: from the start, or from what failed, so that what
/// succeeded and only depends on what succeeded counts without being run again.
/// </summary>
public sealed record RerunRun(RunPath Path, RerunVersion Version, bool FromFailed, IdempotencyClaim? Claim) : IRequest<Result<CreateAnswer>>;

/// <summary>Says what a rerun would do, and does nothing.</summary>
public sealed record PlanRerun(RunPath Path, RerunVersion Version, bool FromFailed) : IRequest<Result<RerunPlanView>>;

/// <summary>What a rerun would do.</summary>
/// <param name="Run">The run that is repeated.</param>
/// <param name="Version">The version that the new run gets.</param>
/// <param name="Tasks">Every task in the document's order.</param>
public sealed record RerunPlanView(long Run, int Version, IReadOnlyList<RerunTaskView> Tasks);

/// <summary>One task of a plan; <paramref name="Action"/> is <c>run</c> or <c>reuse</c>, <paramref name="Why"/> says so in words.</summary>
public sealed record RerunTaskView(string Task, string Action, string Why);

/// <summary>Plans reruns.</summary>
internal sealed class RerunPlanner(IGoferDb db, IVersionGraphs versions, DocumentLimits limits)
{
    public async Task<Result<RerunPlan>> PlanAsync(RunPath path, RerunVersion wanted, bool fromFailed, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var source = scope.Value.Run;
        if (!source.State.IsFinal())
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.RunNotEnded, $"Run {source.Number} has not ended. Wait for it, or cancel it, before it is run again.");
        }

        var version = wanted.Number ?? (wanted.Live
            ? await db.Heads.Where(h => h.PipelineId == source.PipelineId).Select(h => h.LiveVersion).SingleAsync(cancellationToken)
            : source.Version);
        var found = await db.FindVersionAsync(source.PipelineId, version, cancellationToken);
        if (!found.IsOk) return found.Error;
        var target = await versions.GetAsync(source.PipelineId, version, cancellationToken);
        // The run has a value for each parameter of its own version; another version may know fewer of them.
        var values = target.Document.Params.Where(p => source.Params.ContainsKey(p.Name)).ToDictionary(p => p.Name, p => source.Params[p.Name]);
        var resolved = ParamValues.Resolve(target.Document.Params, values, limits, "");
        if (resolved.Error is { } refused)
        {
            return Error.Invalid("/version", $"Run {source.Number} cannot be repeated with version {version}. {refused.Message}");
        }

        var reused = new Dictionary<string, Reused>();
        if (fromFailed && await ReuseAsync(scope.Value, target.Graph, reused, cancellationToken))
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.NothingToRerun,
                $"Nothing of run {source.Number} is left to run from what failed: every task succeeded or was rightly skipped. Rerun it from the start.");
        }

        return new RerunPlan(scope.Value, version, target.Graph, values, reused, fromFailed);
    }

    /// <summary>
    /// Gathers, of the tasks that the version has, those whose success counts: the same task succeeded, and so did all before it. Answers
    /// whether that leaves nothing to run: the others were skipped, and would be again.
    /// </summary>
    private async Task<bool> ReuseAsync(RunScope scope, TaskGraph target, Dictionary<string, Reused> reused, CancellationToken cancellationToken)
    {
        var rows = await db.Tasks.AsNoTracking()
            .Where(t => t.RunId == scope.Run.Id && (t.State == TaskState.Succeeded || t.State == TaskState.Skipped)).ToListAsync(cancellationToken);
        var byId = rows.Where(r => !scope.Graph.Nodes[r.Task].IsJoin).ToDictionary(r => scope.Graph.Nodes[r.Task].Id);
        var (succeeded, settled) = (new bool?[target.Count], new bool?[target.Count]);
        var all = true;
        for (var i = 0; i < target.Count; i++)
        {
            if (!target.Nodes[i].IsJoin && Holds(succeeded, i, row => row.State == TaskState.Succeeded)) reused.Add(target.Nodes[i].Id, Source(byId[target.Nodes[i].Id]));
            all &= Holds(settled, i, _ => true);
        }

        return all;

        // The graph has no cycles and at most a thousand nodes in a chain.
        bool Holds(bool?[] known, int node, Func<TaskRow, bool> good)
        {
            if (known[node] is { } before) return before;
            var mine = target.Nodes[node].IsJoin
                || (byId.TryGetValue(target.Nodes[node].Id, out var row) && good(row) && Same(scope.Graph.Nodes[row.Task], target.Nodes[node]));
            return (known[node] = mine && target.ParentsOf(node).All(p => Holds(known, p.Task, good))).Value;
        }

        Reused Source(TaskRow row) => new(
            row.ReusedRun ?? scope.Run.Id, row.ReusedNumber ?? scope.Run.Number, row.ReusedTask ?? row.Task, row.Attempt, row.ExitCode, row.ImageDigest,
            row.StartedAt, row.EndedAt!.Value);
    }

    /// <summary>Whether two versions' tasks would do the same; another version's task of the same name may not.</summary>
    private static bool Same(GraphNode a, GraphNode b) => ReferenceEquals(a.Definition, b.Definition) || DocumentWriter.Write(a.Definition) == DocumentWriter.Write(b.Definition);
}

/// <summary>A rerun that can be ordered.</summary>
internal sealed record RerunPlan(
    RunScope Scope, int Version, TaskGraph Target, IReadOnlyDictionary<string, JsonElement> Params, IReadOnlyDictionary<string, Reused> Reused, bool FromFailed)
{
    public NewRun ToOrder() => new(Version, Scope.Run.Variables, Scope.Run.Labels)
    {
        Params = Params,
        Priority = Scope.Run.Priority,
        Rerun = new RerunOrder(Scope.Run.Number, Reused),
    };

    public RerunPlanView View() => new(Scope.Run.Number, Version, [.. Target.Ids.Select(id =>
        Reused.TryGetValue(id, out var source)
            ? new RerunTaskView(id, "reuse", string.Create(CultureInfo.InvariantCulture, $"It succeeded in run {source.Number}, and so did everything before it."))
            : new RerunTaskView(id, "run", FromFailed ? "It, or something before it, did not succeed or is another task now." : "The rerun is from the start."))]);
}

internal sealed class PlanRerunHandler(IGoferDb db, IVersionGraphs versions, DocumentLimits limits) : IRequestHandler<PlanRerun, Result<RerunPlanView>>
{
    public async Task<Result<RerunPlanView>> Handle(PlanRerun request, CancellationToken cancellationToken)
    {
        var plan = await new RerunPlanner(db, versions, limits).PlanAsync(request.Path, request.Version, request.FromFailed, cancellationToken);
        return plan.IsOk ? plan.Value.View() : plan.Error;
    }
}

internal sealed class RerunRunHandler(IGoferDb db, IVersionGraphs versions, DocumentLimits limits, IRunWriter writer) : IRequestHandler<RerunRun, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(RerunRun request, CancellationToken cancellationToken)
    {
        var plan = await new RerunPlanner(db, versions, limits).PlanAsync(request.Path, request.Version, request.FromFailed, cancellationToken);
        if (!plan.IsOk) return plan.Error;
        var source = plan.Value.Scope.Run;
        return await writer.CreateAsync(
            new CreateOrder(source.NamespaceId, source.PipelineId, [plan.Value.ToOrder()], request.Claim, rows =>
            {
                var run = rows.Single().View(request.Path.Namespace.Name, request.Path.Pipeline);
                return new StoredAnswer(201, CreateRunHandler.Place(run), JsonSerializer.Serialize(run, GoferJson.Options));
            }),
            cancellationToken);
    }
}
