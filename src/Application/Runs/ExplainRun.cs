using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Says why a run is where it is: why it waits, why a task was skipped or failed, why it has its version.</summary>
public sealed record ExplainRun(RunPath Path) : IRequest<Result<ExplanationView>>
{
    /// <summary>Whether other runs are nothing to whoever asks: then nobody is said to hold what the run waits for.</summary>
    public bool HidesOthers { get; init; }
}

/// <summary>The whys of a run; first what concerns it as a whole, then task by task in the document's order.</summary>
public sealed record ExplanationView(IReadOnlyList<WhyView> Items);

/// <summary>One why.</summary>
/// <param name="Task">The task's id; null for the run as a whole.</param>
/// <param name="About"><c>waiting</c>, <c>skipped</c>, <c>failed</c>, <c>cancelled</c> or <c>version</c>.</param>
/// <param name="Code">The reason as a code.</param>
/// <param name="Message">The reason in words.</param>
/// <param name="Limit">The limit that holds it back; null where none does.</param>
/// <param name="HeldBy">Who has the slots of that limit.</param>
public sealed record WhyView(string? Task, string About, string Code, string Message, LimitView? Limit, IReadOnlyList<HolderView> HeldBy);

/// <summary>Why a run or a task waits, as codes.</summary>
public static class WaitCodes
{
    /// <summary>The pipeline has as many active runs as it may have.</summary>
    public const string Parallelism = "parallelism";

    /// <summary>The pipeline is paused.</summary>
    public const string PipelinePaused = "pipeline_paused";

    /// <summary>The run is being let in at this moment.</summary>
    public const string Admission = "admission";

    /// <summary>Parents have not ended.</summary>
    public const string Parents = "parents";

    /// <summary>A limit has no slot for the task.</summary>
    public const string Limit = "limit";

    /// <summary>The pause before the next attempt is not over.</summary>
    public const string Retry = "retry";

    /// <summary>The task is in the queue.</summary>
    public const string Queued = "queued";

    /// <summary>A worker is starting the task's container.</summary>
    public const string Starting = "starting";
}

/// <summary>A limit by name with its number.</summary>
public sealed record LimitView(string Name, int Value);

/// <summary>A run that holds a slot.</summary>
public sealed record HolderView(string Pipeline, long Run);

/// <summary>What only the engine's own tables know of waiting.</summary>
public interface IQueueState
{
    /// <summary>For each task of the run that waits for a slot: the limit, and the runs that hold its slots, at most <paramref name="most"/>.</summary>
    Task<IReadOnlyDictionary<int, (LimitView Limit, IReadOnlyList<HolderView> HeldBy)>> HeldAsync(RunId run, int most, CancellationToken cancellationToken);

    /// <summary>How many workers live, and how many tasks they hold.</summary>
    Task<(long Workers, long Busy)> WorkersAsync(CancellationToken cancellationToken);

    /// <summary>How many tasks of the queue go before the first of the run that is in it; null where none is.</summary>
    Task<long?> AheadAsync(RunId run, CancellationToken cancellationToken);
}

internal sealed class ExplainRunHandler(IGoferDb db, IVersionGraphs versions, IQueueState queue) : IRequestHandler<ExplainRun, Result<ExplanationView>>
{
    private const int MostHolders = 20;

    public async Task<Result<ExplanationView>> Handle(ExplainRun request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var (run, graph) = (scope.Value.Run, scope.Value.Graph);
        var items = new List<WhyView> { Version(run) };
        if (run.State == RunState.Pending) items.Add(await PendingAsync(scope.Value, cancellationToken));
        else if (run is { State: RunState.Failed or RunState.Cancelled, Reason: { } reason }) items.Add(Plain(null, Word(run.State), reason, run.Message ?? reason));

        var tasks = await db.TasksAsync(scope.Value, run.State, null, cancellationToken);
        var held = tasks.Any(t => t.WaitingFor == "concurrency") ? await queue.HeldAsync(run.Id, MostHolders, cancellationToken) : null;
        var inQueue = tasks.Any(t => t.State == TaskState.Ready) ? await QueuedAsync(run.Id, cancellationToken) : "";
        foreach (var task in tasks)
        {
            if (Explain(task, scope.Value, tasks, held, inQueue) is { } why) items.Add(why);
        }

        return new ExplanationView(request.HidesOthers ? items.ConvertAll(i => i with { HeldBy = [] }) : items);
    }

    private static WhyView? Explain(
        TaskView task, RunScope scope, IReadOnlyList<TaskView> tasks,
        IReadOnlyDictionary<int, (LimitView Limit, IReadOnlyList<HolderView> HeldBy)>? held, string inQueue)
    {
        switch (task)
        {
            case { State: TaskState.Skipped or TaskState.Failed or TaskState.Cancelled }:
                return Plain(task.Id, Word(task.State), task.Reason ?? "", task.Message ?? task.Reason ?? "");
            case { State: TaskState.Ready }: return Plain(task.Id, "waiting", WaitCodes.Queued, inQueue);
            case { State: TaskState.Starting }: return Plain(task.Id, "waiting", WaitCodes.Starting, task.Message ?? "A worker is starting its container.");
            case { State: TaskState.Waiting, WaitingFor: "run" }: return null; // the run's own why says it
            case { State: TaskState.Waiting, WaitingFor: "retry" }: return Plain(task.Id, "waiting", WaitCodes.Retry, $"{task.Message} The next attempt is due at {task.Until:O}.");
            case { State: TaskState.Waiting, WaitingFor: "concurrency" }:
                return held?.TryGetValue(scope.Graph.IndexOf(task.Id)!.Value, out var why) == true
                    ? new WhyView(task.Id, "waiting", WaitCodes.Limit, task.Message ?? "It waits for a slot.", why.Limit, why.HeldBy)
                    : Plain(task.Id, "waiting", WaitCodes.Limit, "It is being given a slot.");
            case { State: TaskState.Waiting }:
                var open = scope.Graph.Nodes[scope.Graph.IndexOf(task.Id)!.Value].Definition.DependsOn.Keys
                    .Where(p => tasks.Any(t => !t.State.IsFinal() && (t.Id == p || t.Id.StartsWith($"{p}.", StringComparison.Ordinal)))).ToList();
                return Plain(task.Id, "waiting", WaitCodes.Parents, $"It waits for {string.Join(", ", open)}.");
            default: return null;
        }
    }

    private async Task<WhyView> PendingAsync(RunScope scope, CancellationToken cancellationToken)
    {
        var pipeline = scope.Run.PipelineId;
        var head = await db.Heads.AsNoTracking().SingleAsync(h => h.PipelineId == pipeline, cancellationToken);
        if (head.Paused) return Plain(null, "waiting", WaitCodes.PipelinePaused, "The pipeline is paused; its waiting runs start when it is resumed.");
        var running = await (from a in db.ActiveRuns
                             join r in db.Runs on a.RunId equals r.Id
                             where a.PipelineId == pipeline && r.State == RunState.Running
                             orderby r.Number
                             select r.Number).Take(MostHolders).ToListAsync(cancellationToken);
        if (head.Parallelism == 0 || running.Count < Math.Min(head.Parallelism, MostHolders)) return Plain(null, "waiting", WaitCodes.Admission, "There is room for it: it is being let in.");
        return new WhyView(
            null, "waiting", WaitCodes.Parallelism, $"The pipeline runs {head.Parallelism} runs at a time, and that many are active.",
            new LimitView("parallelism", head.Parallelism), [.. running.Select(n => new HolderView(scope.Path.Pipeline, n))]);
    }

    private async Task<string> QueuedAsync(RunId run, CancellationToken cancellationToken)
    {
        var (workers, busy) = await queue.WorkersAsync(cancellationToken);
        if (workers == 0) return "It is in the queue, and no worker is alive. Start one with 'gofer worker'.";
        var ahead = await queue.AheadAsync(run, cancellationToken);
        return $"It is in the queue; {ahead ?? 0} tasks go before it, and the {workers} workers that are alive hold {busy} tasks.";
    }

    private static WhyView Version(RunRow run) => Plain(null, "version", run.VersionReason, run.VersionReason switch
    {
        VersionReasons.Pinned => $"The request named version {run.Version}.",
        VersionReasons.Rerun => $"The run repeats run {run.RerunOf}, and its rerun was to have version {run.Version}.",
        _ => $"Version {run.Version} was live when the run was created.",
    });

    private static WhyView Plain(string? task, string about, string code, string message) => new(task, about, code, message, null, []);

    private static string Word<T>(T state)
        where T : struct, Enum => state.ToString().ToLowerInvariant();
}
