using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Access;

/// <summary>
/// What a caller may do: what its roles say, in those namespaces alone that they are given for. Whatever is not said is denied. Immutable.
/// </summary>
public sealed class Grants
{
    /// <summary>What a judgement may take: what is larger than anybody writes by hand is not covered.</summary>
    private const int MostSteps = 1_000_000;

    private readonly IReadOnlyList<Part> _parts;

    private Grants(IReadOnlyList<Part> parts) => _parts = parts;

    /// <summary>Everything.</summary>
    public static Grants Everything { get; } = Of([BuiltInRoles.Admin], [AccessWords.All]);

    /// <summary>What these roles say, narrowed to these names or patterns of namespaces.</summary>
    public static Grants Of(IEnumerable<Role> roles, IReadOnlyList<string> namespaces) => new([new Part([.. roles.SelectMany(r => r.Permissions)], namespaces)]);

    /// <summary>What any of these allows, and nothing that none of them does: the roles of one hold in no namespace of another.</summary>
    public static Grants Union(IEnumerable<Grants> grants) => new([.. grants.SelectMany(g => g._parts)]);

    /// <summary>Whether it allows that in that namespace.</summary>
    public bool Allow(Resource resource, Verb verb, string @namespace)
    {
        var (what, how) = (AccessWords.Of(resource), AccessWords.Of(verb));
        return _parts.Any(part => Is(part.Namespaces, @namespace) && part.Permissions.Any(p => p.Speaks(what, how) && Is(p.Namespaces, @namespace)));
    }

    /// <summary>Whether it allows that wherever it is: for what is no namespace's.</summary>
    public bool AllowEverywhere(Resource resource, Verb verb)
    {
        var (what, how) = (AccessWords.Of(resource), AccessWords.Of(verb));
        return _parts.Any(part => IsAll(part.Namespaces) && part.Permissions.Any(p => p.Speaks(what, how) && IsAll(p.Namespaces)));
    }

    /// <summary>Whether it allows anything at all in that namespace; where not, the namespace is not there for its holder.</summary>
    public bool Sees(string @namespace) =>
        _parts.Any(part => Is(part.Namespaces, @namespace) && part.Permissions.Any(p => p.IsOfNamespaces && Is(p.Namespaces, @namespace)));

    /// <summary>
    /// Which namespaces it lets its holder read of: a name must, for one of these, be of one pattern of each of its two lists. For a database
    /// that looks for them.
    /// </summary>
    public IReadOnlyList<Sight> Sights
    {
        get
        {
            var (what, how) = (AccessWords.Of(Resource.Namespaces), AccessWords.Of(Verb.Read));
            return [.. _parts.Select(part => new Sight([.. part.Permissions.Where(p => p.Speaks(what, how)).SelectMany(p => p.Namespaces).Distinct()], part.Namespaces))];
        }
    }

    /// <summary>
    /// Whether everything that <paramref name="other"/> allows is allowed here too. Never wrongly yes; wrongly no where only several permissions
    /// together would do, and where there are too many to look at.
    /// </summary>
    public bool Cover(Grants other)
    {
        var steps = 0;
        var size = _parts.Sum(p => p.Namespaces.Count + p.Permissions.Count);
        foreach (var (namespaces, theirs) in other._parts.SelectMany(part => part.Permissions, (part, permission) => (part.Namespaces, permission)))
        {
            foreach (var (resource, action) in theirs.Resources.SelectMany(r => theirs.Actions, (r, a) => (r, a)))
            {
                foreach (var (role, token) in theirs.Namespaces.SelectMany(r => namespaces, (r, t) => (r, t)))
                {
                    if ((steps += size) > MostSteps) return false;
                    // Where it is allowed there is a name of both patterns, so it is enough that one of them lies within ours.
                    if (!_parts.Any(part => Covers(part.Namespaces, role, token) && part.Permissions.Any(p => p.Speaks(resource, action) && Covers(p.Namespaces, role, token)))) return false;
                }
            }
        }

        return true;
    }

    private static bool Is(IReadOnlyList<string> patterns, string name) => patterns.Any(p => NamespacePattern.Matches(p, name));

    private static bool IsAll(IReadOnlyList<string> patterns) => patterns.Any(p => NamespacePattern.Covers(p, AccessWords.All));

    private static bool Covers(IReadOnlyList<string> patterns, string one, string other) =>
        patterns.Any(p => NamespacePattern.Covers(p, one) || NamespacePattern.Covers(p, other));

    /// <summary>Permissions, narrowed to namespaces.</summary>
    private sealed record Part(IReadOnlyList<Permission> Permissions, IReadOnlyList<string> Namespaces);
}

/// <summary>Namespaces as a caller sees them: names that are of a pattern of each of the two lists.</summary>
/// <param name="OfRoles">Patterns of what its roles speak of.</param>
/// <param name="OfHolder">Patterns of what they are given for.</param>
public sealed record Sight(IReadOnlyList<string> OfRoles, IReadOnlyList<string> OfHolder);
