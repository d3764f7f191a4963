using Gofer.Domain.Common;

namespace Gofer.Domain.Access;

/// <summary>What its holders may do, under a name. What no permission of it says is denied.</summary>
public sealed class Role
{
    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescription = 300;

    private Role() { }

    /// <summary>A new role; <paramref name="name"/> is a valid <see cref="Slug"/>.</summary>
    public Role(string name, string description, IReadOnlyList<Permission> permissions, DateTimeOffset now) =>
        (Name, Description, Permissions, CreatedAt, ModifiedAt) = (name, description, permissions, now, now);

    /// <summary>Its name; never that of a built-in one.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What it is for.</summary>
    public string Description { get; private set; } = "";

    /// <summary>What it allows.</summary>
    public IReadOnlyList<Permission> Permissions { get; private set; } = [];

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>Replaces what it says.</summary>
    public void Replace(string description, IReadOnlyList<Permission> permissions, DateTimeOffset now)
    {
        if (Description == description && Permissions.SequenceEqual(permissions)) return;
        (Description, Permissions) = (description, permissions);
        (ModifiedAt, Revision) = (now, Revision + 1);
    }

    /// <summary>Reads the permissions of a role; what is wrong goes into the faults.</summary>
    public static IReadOnlyList<Permission> ReadPermissions(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var items = member.Required().Items("""[{"resources":["runs"],"actions":["read"],"namespaces":["team-*"]}]""");
        if (items.Count > Permission.MaxCount) member.Invalid($"There are {items.Count} permissions; at most {Permission.MaxCount} are allowed.");
        return [.. items.Select(Permission.Read).OfType<Permission>()];
    }
}

/// <summary>The roles that every install has; nobody changes them.</summary>
public static class BuiltInRoles
{
    private static readonly string[] s_all = [AccessWords.All];

    private static readonly string[] s_ofNamespaces = Words(Resource.Namespaces, Resource.Pipelines, Resource.Runs, Resource.Logs, Resource.Secrets, Resource.Objects);

    /// <summary>Everything, in every namespace and of the install.</summary>
    public static Role Admin { get; } = Make("admin", "Everything, in every namespace and of the install.", new Permission(s_all, s_all, s_all));

    /// <summary>Writes pipelines, their secrets and objects, and runs them.</summary>
    public static Role Developer { get; } = Make(
        "developer", "Writes pipelines, their secrets and objects, and runs them.",
        new Permission(s_ofNamespaces, Words(Verb.Read), s_all),
        new Permission(Words(Resource.Pipelines, Resource.Runs, Resource.Secrets, Resource.Objects), Words(Verb.Operate, Verb.Write, Verb.Delete), s_all));

    /// <summary>Runs what there is, deploys, pauses and cancels, and changes no pipeline, secret or object.</summary>
    public static Role Operator { get; } = Make(
        "operator", "Runs what there is, deploys, pauses and cancels, and changes no pipeline, secret or object.",
        new Permission(s_ofNamespaces, Words(Verb.Read), s_all),
        new Permission(Words(Resource.Pipelines, Resource.Runs), Words(Verb.Operate), s_all));

    /// <summary>Looks at pipelines, runs, what they wrote, and objects.</summary>
    public static Role Viewer { get; } = Make(
        "viewer", "Looks at pipelines, runs, what they wrote, and objects.",
        new Permission(Words(Resource.Namespaces, Resource.Pipelines, Resource.Runs, Resource.Logs, Resource.Objects), Words(Verb.Read), s_all));

    /// <summary>What a task's own token allows, of its run alone.</summary>
    public static Role OfRun { get; } = Make(
        "run", "Reads a run and what it wrote, and works with its objects.",
        new Permission(Words(Resource.Runs, Resource.Logs), Words(Verb.Read), s_all),
        new Permission(Words(Resource.Objects), Words(Verb.Read, Verb.Write, Verb.Delete), s_all));

    /// <summary>All that tokens can have, by name.</summary>
    public static IReadOnlyDictionary<string, Role> All { get; } =
        new[] { Admin, Developer, Operator, Viewer }.ToDictionary(r => r.Name, StringComparer.Ordinal);

    /// <summary>Whether nobody may give a role that name: it is that of one of these, or looks like it.</summary>
    public static bool IsReserved(string name) => All.Keys.Append(OfRun.Name).Contains(name, StringComparer.OrdinalIgnoreCase);

    private static Role Make(string name, string description, params Permission[] permissions) => new(name, description, permissions, DateTimeOffset.UnixEpoch);

    private static string[] Words(params Resource[] resources) => [.. resources.Select(AccessWords.Of)];

    private static string[] Words(params Verb[] verbs) => [.. verbs.Select(AccessWords.Of)];
}
