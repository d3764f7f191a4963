using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Application.Runs;

/// <summary>A run as the API shows it.</summary>
public sealed record RunView
{
    /// <summary>The run's number in its pipeline.</summary>
    public required long Number { get; init; }

    /// <summary>The run's id (UUIDv7).</summary>
    public required Guid Id { get; init; }

    /// <summary>The namespace's name.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The version that it runs.</summary>
    public required int Version { get; init; }

    /// <summary>Why it runs that version.</summary>
    public required string VersionReason { get; init; }

    /// <summary>The arm of an experiment that it belongs to; null outside one.</summary>
    public string? Variant { get; init; }

    /// <summary>Where it stands.</summary>
    public required RunState State { get; init; }

    /// <summary>Why it stands there, as a code.</summary>
    public string? Reason { get; init; }

    /// <summary>Why it stands there, in words.</summary>
    public string? Message { get; init; }

    /// <summary>What made it.</summary>
    public required string Trigger { get; init; }

    /// <summary>Every parameter of the version with its value, given or by default.</summary>
    public IReadOnlyDictionary<string, JsonElement> Params { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>What each <c>uses</c> of the version came to when the run was created; null where there is none.</summary>
    public IReadOnlyDictionary<string, UsedSharedTaskView>? SharedTasks { get; init; }

    /// <summary>The variables that it was given.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>The version's labels and its own.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Its priority; 0 is the usual one, higher goes first.</summary>
    public int Priority { get; init; }

    /// <summary>The number of the run that it repeats or goes on from; null for one of its own.</summary>
    public long? RerunOf { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was admitted.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a cancel was first accepted.</summary>
    public DateTimeOffset? CancelRequestedAt { get; init; }
}

/// <summary>What a <c>uses</c> came to; <paramref name="Scope"/> is <c>namespace</c> or <c>global</c>.</summary>
public sealed record UsedSharedTaskView(string Version, string Scope);

/// <summary>One task of a run as the API shows it.</summary>
public sealed record TaskView
{
    /// <summary>The task's id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it stands.</summary>
    public required TaskState State { get; init; }

    /// <summary>Why it stands there, as a code.</summary>
    public string? Reason { get; init; }

    /// <summary>Why it stands there, in words; while it starts, what it waits for.</summary>
    public string? Message { get; init; }

    /// <summary>Which try this is, from 1; 0 before the task was first ready.</summary>
    public int Attempt { get; init; }

    /// <summary>The container's exit code.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Which kind of scheduler ran it.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Where it ran.</summary>
    public string? Node { get; init; }

    /// <summary>The image that the document names; empty where it uses a shared task.</summary>
    public required string Image { get; init; }

    /// <summary>The shared task that it uses, such as <c>lint@2</c>; null for a container of its own.</summary>
    public string? Uses { get; init; }

    /// <summary>The version of that, which the run has had since it was created.</summary>
    public string? UsesVersion { get; init; }

    /// <summary>The digest that the image had, where known.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>The parent that skipped it.</summary>
    public string? SkippedBy { get; init; }

    /// <summary>The values of the matrix instance; null where the task has no matrix.</summary>
    public IReadOnlyDictionary<string, string>? Matrix { get; init; }

    /// <summary>What a waiting task waits for: <c>run</c>, <c>parents</c>, <c>concurrency</c> or <c>retry</c>; null for any other.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>Until when it waits, where that is known.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The number of the run whose success of this task counts here; null where the task ran in this run.</summary>
    public long? ReusedFrom { get; init; }

    /// <summary>When it entered the queue.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When the container started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Every try, oldest first.</summary>
    public required IReadOnlyList<AttemptView> Attempts { get; init; }
}

/// <summary>One try of a task.</summary>
public sealed record AttemptView(
    int Attempt, string? Reason, string? Message, int? ExitCode, string? Scheduler, string? Node, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt);

/// <summary>One event as the API shows it; <paramref name="Seq"/> counts from 1 in the run, without gaps.</summary>
public sealed record EventView(
    string Id, int Seq, string Type, DateTimeOffset Time, string Namespace, string Pipeline, long Run, string? Task, int? Attempt, string? Actor,
    IReadOnlyDictionary<string, string> Data);

/// <summary>Makes views of rows.</summary>
internal static class RunViews
{
    public static RunView View(this RunRow run, string @namespace, string pipeline) => new()
    {
        Number = run.Number,
        Id = run.Id.Value,
        Namespace = @namespace,
        Pipeline = pipeline,
        Version = run.Version,
        VersionReason = run.VersionReason,
        State = run.State,
        Reason = run.Reason,
        Message = run.Message,
        Trigger = run.Trigger,
        Variables = run.Variables,
        Params = run.Params,
        SharedTasks = run.SharedTasks?.ToDictionary(p => p.Key, p => new UsedSharedTaskView(p.Value.Version, p.Value.Scope)),
        Labels = run.Labels,
        Priority = run.Priority,
        RerunOf = run.RerunOf,
        CreatedAt = run.CreatedAt,
        StartedAt = run.StartedAt,
        EndedAt = run.EndedAt,
        CancelRequestedAt = run.CancelRequestedAt,
    };

    public static RunView View(this RunScope scope) => scope.Run.View(scope.Path.Namespace.Name, scope.Path.Pipeline);

    /// <summary>The task; <paramref name="failed"/> are its attempts before the present one.</summary>
    public static TaskView View(this TaskRow task, RunScope scope, RunState run, IEnumerable<AttemptRow> failed)
    {
        var node = scope.Graph.Nodes[task.Task];
        return new TaskView
        {
            Id = node.Id,
            State = task.State,
            Reason = task.Reason,
            Message = task.Message,
            Attempt = task.Attempt,
            ExitCode = task.ExitCode,
            Scheduler = task.Scheduler,
            Node = task.Node,
            Image = node.Definition.Image,
            Uses = node.Definition.Uses,
            UsesVersion = node.Definition.Uses is { } uses ? scope.Run.SharedTasks?.GetValueOrDefault(uses)?.Version : null,
            ImageDigest = task.ImageDigest,
            SkippedBy = task.SkippedBy is { } by ? scope.Graph.Nodes[by].Id : null,
            Matrix = node.Matrix,
            WaitingFor = task.State != TaskState.Waiting ? null
                : run == RunState.Pending ? "run"
                : task.OpenParents > 0 ? "parents"
                : task.WaitingFor?.ToString().ToLowerInvariant(),
            Until = task.WaitUntil,
            ReusedFrom = task.ReusedNumber,
            ReadyAt = task.ReadyAt,
            StartedAt = task.StartedAt,
            EndedAt = task.EndedAt,
            Attempts = [.. failed.OrderBy(a => a.Attempt).Select(View), .. task.Present()],
        };
    }

    /// <summary>The newest attempt is the execution itself; one that failed and waits for its retry is among the failed ones.</summary>
    private static IEnumerable<AttemptView> Present(this TaskRow task) => task.Attempt == 0 || task.WaitingFor == WaitingFor.Retry
        ? []
        : [new AttemptView(task.Attempt, task.Reason, task.Message, task.ExitCode, task.Scheduler, task.Node, task.StartedAt, task.EndedAt)];

    private static AttemptView View(this AttemptRow a) => new(a.Attempt, a.Reason, a.Message, a.ExitCode, a.Scheduler, a.Node, a.StartedAt, a.EndedAt);

    public static EventView View(this EventRow e, RunScope scope) => new(
        string.Create(CultureInfo.InvariantCulture, $"{scope.Run.Id.Value:N}-{e.Seq}"), e.Seq, e.Type, e.At, scope.Path.Namespace.Name, scope.Path.Pipeline,
        scope.Run.Number, e.Task is { } task ? scope.Graph.Nodes[task].Id : null, e.Attempt, null, e.Data);
}
