using Gofer.Domain.Common;

namespace Gofer.Domain.Namespaces;

/// <summary>A room of pipelines. Its name may be taken again after it was deleted; its id never.</summary>
public sealed class Namespace
{
    /// <summary>The namespace that exists from the start.</summary>
    public const string Default = "default";

    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescription = 3000;

    /// <summary>The greatest task limit.</summary>
    public const int MaxTaskLimit = 1_000_000;

    /// <summary>The greatest weight.</summary>
    public const int MaxWeight = 1000;

    private Namespace() { }

    /// <summary>A new namespace; <paramref name="name"/> is a valid <see cref="Slug"/>.</summary>
    public Namespace(NamespaceId id, string name, string description, DateTimeOffset now) =>
        (Id, Name, Description, CreatedAt, ModifiedAt) = (id, name, description, now, now);

    /// <summary>Its key in every other table.</summary>
    public NamespaceId Id { get; private init; }

    /// <summary>Its name, unique among those not deleted.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What it is for.</summary>
    public string Description { get; private set; } = "";

    /// <summary>How many tasks of it may be in the queue and running at a time; 0 sets no limit.</summary>
    public int TaskLimit { get; private set; }

    /// <summary>Its share of the queue beside other namespaces: one of weight 3 gets three tasks started for each one of weight 1.</summary>
    public int Weight { get; private set; } = 1;

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>When it was deleted; hidden from then on.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>Says anew what it is for.</summary>
    public void Describe(string description, DateTimeOffset now)
    {
        if (Description == description) return;
        Description = description;
        Touch(now);
    }

    /// <summary>Sets how many tasks of it run at a time, and its share of the queue.</summary>
    public void Allow(int taskLimit, int weight, DateTimeOffset now)
    {
        if ((TaskLimit, Weight) == (taskLimit, weight)) return;
        (TaskLimit, Weight) = (taskLimit, weight);
        Touch(now);
    }

    /// <summary>Hides it. The caller has made sure that it holds no pipeline.</summary>
    public void Delete(DateTimeOffset now)
    {
        DeletedAt ??= now;
        Touch(now);
    }

    private void Touch(DateTimeOffset now) => (ModifiedAt, Revision) = (now, Revision + 1);
}
