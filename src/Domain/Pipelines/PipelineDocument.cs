using System.Text.Json;
using System.Text.Json.Serialization;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Triggers;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// A pipeline as its author wrote it, read and found good by <see cref="DocumentReader"/>: every id is a valid name, every parent exists
/// and no task waits for itself. Immutable; a version holds one.
/// </summary>
public sealed record PipelineDocument
{
    /// <summary>The pipeline's name in its namespace.</summary>
    public required string Id { get; init; }

    /// <summary>A title for people; the id where the author gave none.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the pipeline is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>How many runs may be active at a time; 0 sets no limit.</summary>
    public int Parallelism { get; init; }

    /// <summary>What becomes of a run for which there is no slot of <see cref="Parallelism"/>.</summary>
    public LimitPolicy OnLimit { get; init; }

    /// <summary>How long a run may take from its admission; null sets no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The priority of runs that name none; higher goes first.</summary>
    public int Priority { get; init; }

    /// <summary>The parameters that a run takes, in the author's order.</summary>
    public IReadOnlyList<ParamDefinition> Params { get; init; } = [];

    /// <summary>Labels that every run of the version carries.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap;

    /// <summary>What sets runs off while the version is live; null where the document leaves that to others.</summary>
    [JsonIgnore]
    public IReadOnlyList<DeclaredTrigger>? Triggers { get; init; }

    /// <summary>Who is told of what while the version is live; null where the document leaves that to others.</summary>
    [JsonIgnore]
    public IReadOnlyList<NotificationDefinition>? Notifications { get; init; }

    /// <summary>The tasks in the author's order; a task's index here is its key in the history tables.</summary>
    public required IReadOnlyList<TaskDefinition> Tasks { get; init; }

    internal static IReadOnlyDictionary<string, string> EmptyMap { get; } = new Dictionary<string, string>();
}

/// <summary>One task of a pipeline: a container, or a shared task.</summary>
public sealed record TaskDefinition
{
    /// <summary>The task's name in its pipeline.</summary>
    public required string Id { get; init; }

    /// <summary>The image, as the container engine names it; empty where a shared task is used.</summary>
    public string Image { get; init; } = "";

    /// <summary>What the task is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>How to log in to the image's registry; null for an open one.</summary>
    public RegistryAuth? RegistryAuth { get; init; }

    /// <summary>The parents by id and what each must have come to.</summary>
    public IReadOnlyDictionary<string, ParentCondition> DependsOn { get; init; } = new Dictionary<string, ParentCondition>();

    /// <summary>The container's environment, exactly as written; names are case-sensitive.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = PipelineDocument.EmptyMap;

    /// <summary>Replaces the image's entrypoint; empty keeps it.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Replaces the image's command; empty keeps it.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The folder in which the command starts; null keeps the image's.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>The user as whom the command runs; null keeps the image's.</summary>
    public string? User { get; init; }

    /// <summary>Gives the task a token of its run, as <c>GOFER_API_TOKEN</c>.</summary>
    public bool InjectApiToken { get; init; }

    /// <summary>Pulls the image even where the engine has one of that name.</summary>
    public bool AlwaysPullNewestImage { get; init; }

    /// <summary>What the container may use.</summary>
    public TaskResources Resources { get; init; } = new();

    /// <summary>The task's failure does not fail the run; its children still see that it failed.</summary>
    public bool AllowFailure { get; init; }

    /// <summary>How long an attempt's container may run before it is stopped; null sets no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What is tried again.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.None;

    /// <summary>The limit that the task shares with others; null for none.</summary>
    public ConcurrencyRule? Concurrency { get; init; }

    /// <summary>One instance of the task for each combination of these values; empty for a plain task.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Matrix { get; init; } = NoMatrix;

    /// <summary>The shared task that does the work, such as <c>lint@2</c>; null for a container of the task's own.</summary>
    public string? Uses { get; init; }

    /// <summary>What the shared task gets, as it was written: strings, numbers, true and false.</summary>
    public IReadOnlyDictionary<string, JsonElement> With { get; init; } = NoInputs;

    internal static IReadOnlyDictionary<string, JsonElement> NoInputs { get; } = new Dictionary<string, JsonElement>();

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> NoMatrix { get; } = new Dictionary<string, IReadOnlyList<string>>();
}

/// <summary>What becomes of a run for which its pipeline's <c>parallelism</c> has no slot.</summary>
public enum LimitPolicy
{
    /// <summary>It waits.</summary>
    Queue,

    /// <summary>The oldest run is cancelled to make room.</summary>
    CancelOldest,

    /// <summary>It ends at once, cancelled.</summary>
    Skip,
}

/// <summary>A registry login.</summary>
public sealed record RegistryAuth(string User, string Pass);

/// <summary>Limits of a container, as Kubernetes quantities; null sets none.</summary>
public sealed record TaskResources
{
    /// <summary>CPU, such as <c>500m</c> or <c>2</c>.</summary>
    public string? Cpu { get; init; }

    /// <summary>Memory, such as <c>256Mi</c>.</summary>
    public string? Memory { get; init; }

    /// <summary><see cref="Cpu"/> in thousandths of a core.</summary>
    [JsonIgnore]
    public long? CpuMillis => Cpu is not null && Quantity.TryCpu(Cpu, out var millis, out _) ? millis : null;

    /// <summary><see cref="Memory"/> in bytes.</summary>
    [JsonIgnore]
    public long? MemoryBytes => Memory is not null && Quantity.TryMemory(Memory, out var bytes, out _) ? bytes : null;
}

/// <summary>What a parent must have come to before its child may start.</summary>
public enum ParentCondition
{
    /// <summary>The parent succeeded.</summary>
    Success,

    /// <summary>The parent failed, also where its failure is allowed.</summary>
    Failure,

    /// <summary>The parent succeeded, failed or was skipped; a cancelled parent satisfies nothing.</summary>
    Any,
}
