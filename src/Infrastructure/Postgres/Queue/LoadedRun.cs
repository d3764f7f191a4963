using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>A run aggregate with the facts beside it that never change.</summary>
internal sealed record LoadedRun(
    Run Run,
    NamespaceId Namespace,
    PipelineId Pipeline,
    long Number,
    int Version,
    VersionGraph Graph,
    IReadOnlyDictionary<string, string> Variables)
{
    public RunId Id => Run.Id;
}

/// <summary>A task execution's key.</summary>
internal readonly record struct TaskKey(RunId Run, int Task);
