using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>A pipeline's unchanging identity and what people read about it; what the engine reads is its <see cref="PipelineHead"/>.</summary>
public sealed class Pipeline
{
    private Pipeline() { }

    /// <summary>A new pipeline; <paramref name="name"/> is a valid <see cref="Slug"/>.</summary>
    public Pipeline(PipelineId id, NamespaceId @namespace, string name, DateTimeOffset now) =>
        (Id, NamespaceId, Name, CreatedAt, ModifiedAt) = (id, @namespace, name, now, now);

    /// <summary>Its key in every other table.</summary>
    public PipelineId Id { get; private init; }

    /// <summary>The namespace that it lives in.</summary>
    public NamespaceId NamespaceId { get; private init; }

    /// <summary>Its name, unique in the namespace among those not deleted.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The title that the live version gives it.</summary>
    public string Title { get; private set; } = "";

    /// <summary>The description that the live version gives it.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Grows with each change of the pipeline or its head's settings; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was first registered.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>When it was deleted; hidden from then on, its history goes by retention.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>Takes title and description of the version that became live.</summary>
    public void Describe(PipelineDocument document, DateTimeOffset now)
    {
        (Title, Description) = (document.Name, document.Description);
        Touch(now);
    }

    /// <summary>Notes a change that stands elsewhere, such as in the head.</summary>
    public void Touch(DateTimeOffset now) => (ModifiedAt, Revision) = (now, Revision + 1);

    /// <summary>Hides it. The caller has made sure that no run of it is unfinished.</summary>
    public void Delete(DateTimeOffset now)
    {
        DeletedAt ??= now;
        Touch(now);
    }
}
