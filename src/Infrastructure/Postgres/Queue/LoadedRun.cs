using Gofer.Application.Pipelines;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>A run aggregate with the facts beside it that never change.</summary>
internal sealed record LoadedRun(
    Run Run,
    NamespaceId Namespace,
    PipelineId Pipeline,
    long Number,
    int Version,
    VersionGraph Graph,
    IReadOnlyDictionary<string, string> Variables,
    IReadOnlyDictionary<string, string> Params)
{
    private readonly HashSet<int> _usual = [];

    public RunId Id => Run.Id;

    /// <summary>Its place among the ranks of the queue; lower goes first.</summary>
    public short Rank => (short)-Run.Priority;

    /// <summary>How many tasks of its namespace may be admitted to the queue; 0 for no limit.</summary>
    public int NamespaceLimit { get; init; }

    /// <summary>How many tasks of the install may be admitted to the queue; 0 for no limit.</summary>
    public int InstallLimit { get; init; }

    /// <summary>What each <c>uses</c> of the version came to when the run was created; null where there is none.</summary>
    public Dictionary<string, SharedTaskPin>? SharedTasks { get; init; }

    /// <summary>The definitions of those that were read with the run.</summary>
    public IReadOnlyDictionary<string, SharedTaskDefinition> Definitions { get; init; } = NoDefinitions;

    /// <summary>Those of a run that uses none.</summary>
    public static IReadOnlyDictionary<string, SharedTaskDefinition> NoDefinitions { get; } = new Dictionary<string, SharedTaskDefinition>();

    /// <summary>The definition that the task uses; null for a container of its own.</summary>
    public SharedTaskDefinition? DefinitionOf(int task) => Graph.Graph.Nodes[task].Definition.Uses is { } uses ? Definitions.GetValueOrDefault(uses) : null;

    /// <summary>Whether the task's execution had nothing in its rarer columns when it was read.</summary>
    public bool WasUsual(int task) => _usual.Contains(task);

    /// <summary>Passes executions on as they were read, before anything changes them; one that did not come by here is written whole.</summary>
    public List<TaskExecution> Remember(IEnumerable<TaskExecution> read)
    {
        var executions = read.ToList();
        _usual.UnionWith(executions.Where(TaskColumns.IsUsual).Select(e => e.Task));
        return executions;
    }
}

/// <summary>A task execution's key.</summary>
internal readonly record struct TaskKey(RunId Run, int Task);
