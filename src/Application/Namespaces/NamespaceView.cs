using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Application.Namespaces;

/// <summary>A namespace as the API shows it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="TaskLimit">How many tasks of it may be in the queue and running at a time; 0 sets no limit.</param>
/// <param name="Weight">Its share of the queue beside other namespaces.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ModifiedAt">When it last changed.</param>
public sealed record NamespaceView(string Id, string Description, int TaskLimit, int Weight, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt);

/// <summary>What may be set of a namespace; null leaves a member as it is, or at its default where the namespace is new or replaced.</summary>
public sealed record NamespaceSettings(string? Description, int? TaskLimit, int? Weight)
{
    /// <summary>Applies it, members that are null at their defaults.</summary>
    internal void Replace(Namespace home, DateTimeOffset now)
    {
        home.Describe(Description ?? "", now);
        home.Allow(TaskLimit ?? 0, Weight ?? 1, now);
    }

    /// <summary>Applies what is given.</summary>
    internal void Update(Namespace home, DateTimeOffset now)
    {
        home.Describe(Description ?? home.Description, now);
        home.Allow(TaskLimit ?? home.TaskLimit, Weight ?? home.Weight, now);
    }
}

/// <summary>What the namespace use cases share.</summary>
internal static class NamespaceViews
{
    /// <summary>Notes a change of a namespace, with its settings as they are then.</summary>
    public static void Note(this AuditTrail audit, string type, Namespace home) =>
        audit.Note(type, new AuditTarget(home.Name), new { home.Description, home.TaskLimit, home.Weight });

    public static NamespaceView View(this Namespace home) => new(home.Name, home.Description, home.TaskLimit, home.Weight, home.CreatedAt, home.ModifiedAt);

    public static Tagged<NamespaceView> Tagged(this Namespace home) => new(home.View(), EntityTags.Of(home.Revision));

    /// <summary>What is wrong with a name and settings that somebody wants to give.</summary>
    public static Error? Check(string name, NamespaceSettings settings)
    {
        var description = settings.Description ?? "";
        var faults = new List<Fault>();
        if (Slug.Complaint(name) is { } complaint) faults.Add(new Fault("/id", $"The id {complaint}"));
        if (description.Length > Namespace.MaxDescription)
        {
            faults.Add(new Fault("/description", $"description is {description.Length} characters long; at most {Namespace.MaxDescription} are allowed."));
        }

        if (settings.TaskLimit is < 0 or > Namespace.MaxTaskLimit)
        {
            faults.Add(new Fault("/task_limit", $"task_limit must be from 0 (no limit) to {Namespace.MaxTaskLimit}."));
        }

        if (settings.Weight is < 1 or > Namespace.MaxWeight) faults.Add(new Fault("/weight", $"weight must be from 1 to {Namespace.MaxWeight}."));
        return faults.Count == 0 ? null : Error.Invalid(faults);
    }
}
