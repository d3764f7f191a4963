using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Application.Namespaces;

/// <summary>A namespace as the API shows it; <paramref name="Id"/> is its name.</summary>
public sealed record NamespaceView(string Id, string Description, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt);

/// <summary>What the namespace use cases share.</summary>
internal static class NamespaceViews
{
    public static NamespaceView View(this Namespace home) => new(home.Name, home.Description, home.CreatedAt, home.ModifiedAt);

    public static Tagged<NamespaceView> Tagged(this Namespace home) => new(home.View(), EntityTags.Of(home.Revision));

    /// <summary>What is wrong with a name and a description that somebody wants to give.</summary>
    public static Error? Check(string name, string description)
    {
        var faults = new List<Fault>();
        if (Slug.Complaint(name) is { } complaint) faults.Add(new Fault("/id", $"The id {complaint}"));
        if (description.Length > Namespace.MaxDescription)
        {
            faults.Add(new Fault("/description", $"description is {description.Length} characters long; at most {Namespace.MaxDescription} are allowed."));
        }

        return faults.Count == 0 ? null : Error.Invalid(faults);
    }
}
