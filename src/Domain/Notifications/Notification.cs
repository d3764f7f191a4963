using Gofer.Domain.Common;

namespace Gofer.Domain.Notifications;

/// <summary>Where a notification is declared.</summary>
public enum NotificationSource
{
    /// <summary>By the API, which alone changes it.</summary>
    Api,

    /// <summary>In the document of the live version.</summary>
    Document,
}

/// <summary>A notification of a pipeline, or of a namespace and so of all its pipelines.</summary>
public sealed class Notification
{
    private Notification() { }

    /// <summary>A new one; it has no definition before <see cref="Define"/>.</summary>
    public Notification(NotificationId id, NamespaceId home, PipelineId? pipeline, string name, NotificationSource source, DateTimeOffset now) =>
        (Id, NamespaceId, PipelineId, Name, Source, CreatedAt, ModifiedAt) = (id, home, pipeline, name, source, now, now);

    /// <summary>Its id; names may be reused, ids never.</summary>
    public NotificationId Id { get; private init; }

    /// <summary>Its namespace, or that of its pipeline.</summary>
    public NamespaceId NamespaceId { get; private init; }

    /// <summary>Its pipeline; null for one of the namespace.</summary>
    public PipelineId? PipelineId { get; private init; }

    /// <summary>Its name among those of its owner.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Where it is declared.</summary>
    public NotificationSource Source { get; private set; }

    /// <summary>Whether it tells anything.</summary>
    public bool Enabled { get; private set; }

    /// <summary>What it tells and where, as <see cref="NotificationWriter"/> writes it.</summary>
    public string Definition { get; private set; } = "";

    /// <summary>The time after which a run is told of; null where that is not asked for.</summary>
    public TimeSpan? LongerThan { get; private set; }

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>Makes it tell that from now on; false where it does already.</summary>
    public bool Define(NotificationDefinition definition, NotificationSource source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var text = NotificationWriter.Write(definition);
        if (text == Definition && source == Source) return false;
        if (Definition.Length > 0) Revision++;
        (Definition, Enabled, LongerThan, Source, ModifiedAt) = (text, definition.Enabled, definition.LongerThan, source, now);
        return true;
    }
}
