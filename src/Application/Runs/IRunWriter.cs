using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;

namespace Gofer.Application.Runs;

/// <summary>The only door by which callers create and change runs. Implemented beside the queue.</summary>
public interface IRunWriter
{
    /// <summary>
    /// Creates the runs of <paramref name="order"/>, all or none, in one transaction with the idempotency key; concurrent orders of one
    /// process share transactions. A pause or a deletion of the pipeline that committed first refuses it.
    /// </summary>
    Task<Result<CreateAnswer>> CreateAsync(CreateOrder order, CancellationToken cancellationToken);

    /// <summary>
    /// Cancels a run: what has not started ends at once, running containers are stopped. Done too where the run has ended or was
    /// cancelled before; then nothing changes.
    /// </summary>
    Task<Result> CancelAsync(RunId run, string? message, CancellationToken cancellationToken);

    /// <summary>Cancels one task of a run, as <see cref="CancelAsync"/> does the whole.</summary>
    Task<Result> CancelTaskAsync(RunId run, int task, string? message, CancellationToken cancellationToken);
}

/// <summary>Runs to create in one pipeline; <paramref name="Render"/> makes the answer that an idempotency key keeps.</summary>
public sealed record CreateOrder(
    NamespaceId Namespace,
    PipelineId Pipeline,
    IReadOnlyList<NewRun> Runs,
    IdempotencyClaim? Claim,
    Func<IReadOnlyList<RunRow>, StoredAnswer> Render)
{
    /// <summary>Whether the request is a batch, in which a run has its place under <c>/runs</c>.</summary>
    public bool IsBatch { get; init; }

    /// <summary>Runs that are cancelled in the same transaction, since these take their place.</summary>
    public IReadOnlyList<RunId> Supersedes { get; init; } = [];

    /// <summary>The place of a run in the request.</summary>
    public string PointerOf(int run) => IsBatch ? Fault.At("/runs", run) : "";
}

/// <summary>One run to create; a null version takes the live one.</summary>
public sealed record NewRun(int? Version, IReadOnlyDictionary<string, string> Variables, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>The parameters, as JSON of their types or as text that says it.</summary>
    public IReadOnlyDictionary<string, JsonElement> Params { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The priority; the live version's where it is null.</summary>
    public int? Priority { get; init; }

    /// <summary>The run that this one repeats; null for one of its own.</summary>
    public RerunOrder? Rerun { get; init; }

    /// <summary>The trigger that makes it; null where somebody asked for it.</summary>
    public TriggerOrigin? Trigger { get; init; }
}

/// <summary>The trigger that makes a run, and why the run has its version, a constant of <see cref="VersionReasons"/>.</summary>
public sealed record TriggerOrigin(TriggerId Id, string Name, string VersionReason)
{
    /// <summary>The backfill that makes it for the trigger; null where what the trigger waits for came.</summary>
    public BackfillId? Backfill { get; init; }
}

/// <summary>
/// A run that is repeated: its <paramref name="Number"/>, and by the id of the task what of it counts in the new run without being run
/// again.
/// </summary>
public sealed record RerunOrder(long Number, IReadOnlyDictionary<string, Reused> Reused);

/// <summary>
/// An <c>Idempotency-Key</c> with what it stands for: <paramref name="Scope"/> is namespace, method and path; <paramref name="Hash"/> is
/// SHA-256 of query and body as received.
/// </summary>
public sealed record IdempotencyClaim(string Scope, string Key, byte[] Hash);

/// <summary>An answer as the first caller got it, kept for those who repeat the request.</summary>
public sealed record StoredAnswer(int Status, string? Location, string Body);

/// <summary>What a creation came to; <paramref name="Replayed"/> where an earlier request under the same key did the work.</summary>
public sealed record CreateAnswer(StoredAnswer Answer, bool Replayed);
