using Gofer.Domain.Common;

namespace Gofer.Domain.SharedTasks;

/// <summary>A name that tasks may use, of a namespace or of the whole install. What it stands for are its versions.</summary>
public sealed class SharedTask
{
    /// <summary>A new one, without versions.</summary>
    public SharedTask(SharedTaskId id, NamespaceId? namespaceId, string name, DateTimeOffset now) =>
        (Id, NamespaceId, Name, CreatedAt, ModifiedAt) = (id, namespaceId, name, now, now);

    private SharedTask() => Name = "";

    /// <summary>Identifies it for good.</summary>
    public SharedTaskId Id { get; private set; }

    /// <summary>The namespace that it is of; null for a global one.</summary>
    public NamespaceId? NamespaceId { get; private set; }

    /// <summary>Its name.</summary>
    public string Name { get; private set; }

    /// <summary>When its first version was registered.</summary>
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>When its newest was.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>Says that a version came.</summary>
    public void Touch(DateTimeOffset now) => ModifiedAt = now;
}

/// <summary>One version of a shared task; it never changes.</summary>
public sealed class SharedTaskVersion
{
    /// <summary>A new one; <paramref name="definition"/> is in its normal form.</summary>
    public SharedTaskVersion(SharedTaskVersionId id, SharedTaskId task, TaskVersion version, string definition, string contentHash, DateTimeOffset now) =>
        (Id, TaskId, Major, Minor, Patch, Definition, ContentHash, CreatedAt) = (id, task, version.Major, version.Minor, version.Patch, definition, contentHash, now);

    private SharedTaskVersion() => (Definition, ContentHash) = ("", "");

    /// <summary>Identifies it for good: one that is registered again after a deletion is another.</summary>
    public SharedTaskVersionId Id { get; private set; }

    /// <summary>What it is a version of.</summary>
    public SharedTaskId TaskId { get; private set; }

    /// <summary>The first number of the version.</summary>
    public int Major { get; private set; }

    /// <summary>The second.</summary>
    public int Minor { get; private set; }

    /// <summary>The third.</summary>
    public int Patch { get; private set; }

    /// <summary>The definition in its normal form.</summary>
    public string Definition { get; private set; }

    /// <summary>SHA-256 of it.</summary>
    public string ContentHash { get; private set; }

    /// <summary>When it was registered.</summary>
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>The version.</summary>
    public TaskVersion Version => new(Major, Minor, Patch);
}
