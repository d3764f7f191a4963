using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>A registered document. Never changes; versions count from 1 in their pipeline.</summary>
public sealed class PipelineVersion
{
    private PipelineVersion() { }

    /// <summary>A new version; <paramref name="document"/> is the normalised JSON whose SHA-256 is <paramref name="contentHash"/>.</summary>
    public PipelineVersion(PipelineId pipeline, int version, string contentHash, string document, DateTimeOffset now) =>
        (PipelineId, Version, ContentHash, Document, CreatedAt) = (pipeline, version, contentHash, document, now);

    /// <summary>The pipeline.</summary>
    public PipelineId PipelineId { get; private init; }

    /// <summary>Its number.</summary>
    public int Version { get; private init; }

    /// <summary>SHA-256 of the normalised document, in lower-case hexadecimal.</summary>
    public string ContentHash { get; private init; } = "";

    /// <summary>The normalised document as JSON.</summary>
    public string Document { get; private init; } = "";

    /// <summary>When it was registered.</summary>
    public DateTimeOffset CreatedAt { get; private init; }
}
