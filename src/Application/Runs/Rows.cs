using System.Text.Json;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;

namespace Gofer.Application.Runs;

/// <summary>A run as it stands in its table. Only the engine writes it.</summary>
public sealed class RunRow
{
    /// <summary>The run's id; partitions are ranges of it.</summary>
    public required RunId Id { get; init; }

    /// <summary>The namespace of its pipeline.</summary>
    public required NamespaceId NamespaceId { get; init; }

    /// <summary>Its pipeline.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>Its number in the pipeline, from 1, without gaps.</summary>
    public required long Number { get; init; }

    /// <summary>The version that it runs.</summary>
    public required int Version { get; init; }

    /// <summary>Why it runs that version: a constant of <see cref="VersionReasons"/>.</summary>
    public required string VersionReason { get; init; }

    /// <summary>Where it stands.</summary>
    public required RunState State { get; init; }

    /// <summary>A code of <see cref="Reasons"/>, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason in words, or null.</summary>
    public string? Message { get; init; }

    /// <summary>What made it: <c>manual</c>.</summary>
    public required string Trigger { get; init; }

    /// <summary>Variables given with the run; they win over the document's.</summary>
    public required Dictionary<string, string> Variables { get; init; }

    /// <summary>Every parameter of the version with its value, as JSON of its type.</summary>
    public Dictionary<string, JsonElement> Params { get; init; } = [];

    /// <summary>What each <c>uses</c> of the version came to when the run was created; null where there is none.</summary>
    public Dictionary<string, SharedTaskPin>? SharedTasks { get; init; }

    /// <summary>Its priority; higher goes first.</summary>
    public short Priority { get; init; }

    /// <summary>The number of the run that it repeats.</summary>
    public long? RerunOf { get; init; }

    /// <summary>The version's labels and the run's own.</summary>
    public required Dictionary<string, string> Labels { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was admitted.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a cancel was first accepted.</summary>
    public DateTimeOffset? CancelRequestedAt { get; init; }

    /// <summary>The number of its newest event.</summary>
    public int EventSeq { get; init; }
}

/// <summary>Finds a run by its number.</summary>
public sealed class RunNumberRow
{
    /// <summary>The pipeline.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>The run's number in it.</summary>
    public required long Number { get; init; }

    /// <summary>The run.</summary>
    public required RunId RunId { get; init; }
}

/// <summary>A run that has not ended.</summary>
public sealed class ActiveRunRow
{
    /// <summary>The run.</summary>
    public required RunId RunId { get; init; }

    /// <summary>Its pipeline.</summary>
    public required PipelineId PipelineId { get; init; }

    /// <summary>The backfill that it is of; null for the rest.</summary>
    public BackfillId? BackfillId { get; init; }
}

/// <summary>One task of one run as it stands in its table. Only the engine writes it.</summary>
public sealed class TaskRow
{
    /// <summary>The run.</summary>
    public required RunId RunId { get; init; }

    /// <summary>The task's index in the version's document.</summary>
    public required int Task { get; init; }

    /// <summary>Where it stands.</summary>
    public required TaskState State { get; init; }

    /// <summary>A code of <see cref="Reasons"/>, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason in words; while starting, what it waits for.</summary>
    public string? Message { get; init; }

    /// <summary>Which try this is, from 1; 0 before the task was first ready.</summary>
    public int Attempt { get; init; }

    /// <summary>The parent whose outcome skipped it, by index.</summary>
    public int? SkippedBy { get; init; }

    /// <summary>The container's exit code.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Which kind of scheduler ran it.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Where it ran, in the scheduler's words.</summary>
    public string? Node { get; init; }

    /// <summary>The digest that the image had, where the scheduler knows it.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>Parents that have not ended.</summary>
    public int OpenParents { get; init; }

    /// <summary>What a waiting task waits for beside its parents.</summary>
    public WaitingFor? WaitingFor { get; init; }

    /// <summary>Until when it waits for its next attempt.</summary>
    public DateTimeOffset? WaitUntil { get; init; }

    /// <summary>The run whose success of this task counts here, by id.</summary>
    public RunId? ReusedRun { get; init; }

    /// <summary>The number of that run.</summary>
    public long? ReusedNumber { get; init; }

    /// <summary>The task's index in that run.</summary>
    public int? ReusedTask { get; init; }

    /// <summary>When it entered the queue.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When the container started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>An attempt that failed and was followed by another.</summary>
public sealed class AttemptRow
{
    /// <summary>The run.</summary>
    public required RunId RunId { get; init; }

    /// <summary>The task's index.</summary>
    public required int Task { get; init; }

    /// <summary>Which try it was, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>A code of <see cref="Reasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason in words.</summary>
    public string? Message { get; init; }

    /// <summary>The container's exit code.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Which kind of scheduler ran it.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Where it ran.</summary>
    public string? Node { get; init; }

    /// <summary>The digest that the image had.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>When the container started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}

/// <summary>One event of one run.</summary>
public sealed class EventRow
{
    /// <summary>The run.</summary>
    public required RunId RunId { get; init; }

    /// <summary>Its number in the run, from 1, without gaps; also the order in which followers see it.</summary>
    public required int Seq { get; init; }

    /// <summary>The number of the last event that was written with it: a search for what comes after a number begins with this, which is indexed.</summary>
    public required int LastSeq { get; init; }

    /// <summary>One of <see cref="EventTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>When it happened, by the database's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The task's index, for events of tasks.</summary>
    public int? Task { get; init; }

    /// <summary>The task's attempt, for events of tasks.</summary>
    public int? Attempt { get; init; }

    /// <summary>More about it, as a JSON object of text values.</summary>
    public required Dictionary<string, string> Data { get; init; }
}
