using Gofer.Domain.Pipelines;

namespace Gofer.Worker.Local;

/// <summary>A run that one process makes by itself: a document that was found good, with everything that the run is given.</summary>
public sealed record LocalOrder
{
    /// <summary>The namespace that tasks are told.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pipeline.</summary>
    public required PipelineDocument Document { get; init; }

    /// <summary>The parameters, each that the document declares.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of the run, which win over the tasks'.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>The value of each secret and object that the document names, by kind and key.</summary>
    public IReadOnlyDictionary<(string Kind, string Key), string> Substitutes { get; init; } = new Dictionary<(string, string), string>();
}
