using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Application.Pipelines;

/// <summary>Registered versions, read and indexed; they never change, so they are kept in memory.</summary>
public interface IVersionGraphs
{
    /// <summary>The version of that number.</summary>
    /// <exception cref="KeyNotFoundException">The pipeline has no such version.</exception>
    ValueTask<VersionGraph> GetAsync(PipelineId pipeline, int version, CancellationToken cancellationToken);
}

/// <summary>A version's document and graph, with the name of its pipeline's namespace.</summary>
public sealed record VersionGraph(PipelineDocument Document, TaskGraph Graph, string Namespace)
{
    /// <summary>What its tasks use, each once.</summary>
    public IReadOnlyList<string> Uses { get; } = [.. Document.Tasks.Select(t => t.Uses).OfType<string>().Distinct()];
}
