using Gofer.Domain.Common;

namespace Gofer.Domain.Secrets;

/// <summary>Whose a secret is. Ids and not names: what is made again under an old name finds nothing of what was there.</summary>
public abstract record SecretScope
{
    private SecretScope()
    {
    }

    /// <summary>The word for it, as interpolations and tables have it.</summary>
    public abstract string Kind { get; }

    /// <summary>The namespace that it is of or in; null for a global one.</summary>
    public virtual NamespaceId? Namespace => null;

    /// <summary>The pipeline that it is of; null for others.</summary>
    public virtual PipelineId? Pipeline => null;

    /// <summary>The pipeline, else the namespace, else zeros: no two scopes have the same.</summary>
    public Guid Owner => Pipeline?.Value ?? Namespace?.Value ?? Guid.Empty;

    /// <summary>The whole install's, for the namespaces that the secret names.</summary>
    public sealed record Global : SecretScope
    {
        /// <inheritdoc/>
        public override string Kind => "global";
    }

    /// <summary>A namespace's.</summary>
    public sealed record OfNamespace(NamespaceId Id) : SecretScope
    {
        /// <inheritdoc/>
        public override string Kind => "namespace";

        /// <inheritdoc/>
        public override NamespaceId? Namespace => Id;
    }

    /// <summary>A pipeline's.</summary>
    public sealed record OfPipeline(NamespaceId In, PipelineId Id) : SecretScope
    {
        /// <inheritdoc/>
        public override string Kind => "pipeline";

        /// <inheritdoc/>
        public override NamespaceId? Namespace => In;

        /// <inheritdoc/>
        public override PipelineId? Pipeline => Id;
    }
}
