using Gofer.Domain.Common;

namespace Gofer.Domain.Objects;

/// <summary>Whose an object is. Ids and not names: what is made again under an old name finds nothing of what was there.</summary>
public abstract record ObjectScope
{
    private ObjectScope()
    {
    }

    /// <summary>The word for it, as interpolations and tables have it.</summary>
    public abstract string Kind { get; }

    /// <summary>The namespace that it is in.</summary>
    public required NamespaceId Namespace { get; init; }

    /// <summary>The pipeline that it is of, or whose run it is of.</summary>
    public required PipelineId Pipeline { get; init; }

    /// <summary>The run's number; null for a pipeline's.</summary>
    public virtual long? Run => null;

    /// <summary>The run, else the pipeline: no two scopes have the same.</summary>
    public abstract Guid Owner { get; }

    /// <summary>A pipeline's: it stays while the pipeline does.</summary>
    public sealed record OfPipeline : ObjectScope
    {
        /// <inheritdoc/>
        public override string Kind => "pipeline";

        /// <inheritdoc/>
        public override Guid Owner => Pipeline.Value;
    }

    /// <summary>A run's: it goes some runs later.</summary>
    public sealed record OfRun(RunId Id, long Number) : ObjectScope
    {
        /// <inheritdoc/>
        public override string Kind => "run";

        /// <inheritdoc/>
        public override long? Run => Number;

        /// <inheritdoc/>
        public override Guid Owner => Id.Value;
    }
}
