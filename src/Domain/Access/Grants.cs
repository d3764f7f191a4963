using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Access;

/// <summary>
/// What a caller may do: what its roles say, in those namespaces alone that its token is for. Whatever is not said is denied. Immutable.
/// </summary>
public sealed class Grants
{
    /// <summary>What a judgement may take: what is larger than anybody writes by hand is not covered.</summary>
    private const int MostSteps = 1_000_000;

    private readonly IReadOnlyList<Permission> _permissions;
    private readonly IReadOnlyList<string> _namespaces;

    private Grants(IReadOnlyList<Permission> permissions, IReadOnlyList<string> namespaces) => (_permissions, _namespaces) = (permissions, namespaces);

    /// <summary>Everything.</summary>
    public static Grants Everything { get; } = Of([BuiltInRoles.Admin], [AccessWords.All]);

    /// <summary>What these roles say, narrowed to these names or patterns of namespaces.</summary>
    public static Grants Of(IEnumerable<Role> roles, IReadOnlyList<string> namespaces) => new([.. roles.SelectMany(r => r.Permissions)], namespaces);

    /// <summary>Whether it allows that in that namespace.</summary>
    public bool Allow(Resource resource, Verb verb, string @namespace)
    {
        var (what, how) = (AccessWords.Of(resource), AccessWords.Of(verb));
        return Is(_namespaces, @namespace) && _permissions.Any(p => p.Speaks(what, how) && Is(p.Namespaces, @namespace));
    }

    /// <summary>Whether it allows that wherever it is: for what is no namespace's.</summary>
    public bool AllowEverywhere(Resource resource, Verb verb)
    {
        var (what, how) = (AccessWords.Of(resource), AccessWords.Of(verb));
        return IsAll(_namespaces) && _permissions.Any(p => p.Speaks(what, how) && IsAll(p.Namespaces));
    }

    /// <summary>Whether it allows anything at all in that namespace; where not, the namespace is not there for its holder.</summary>
    public bool Sees(string @namespace) => Is(_namespaces, @namespace) && _permissions.Any(p => p.IsOfNamespaces && Is(p.Namespaces, @namespace));

    /// <summary>
    /// Which namespaces it lets its holder read of, as two lists of patterns: a name must be of one of each. For a database that looks for them.
    /// </summary>
    public (IReadOnlyList<string> OfRoles, IReadOnlyList<string> OfToken) Sight
    {
        get
        {
            var (what, how) = (AccessWords.Of(Resource.Namespaces), AccessWords.Of(Verb.Read));
            return ([.. _permissions.Where(p => p.Speaks(what, how)).SelectMany(p => p.Namespaces).Distinct()], _namespaces);
        }
    }

    /// <summary>
    /// Whether everything that <paramref name="other"/> allows is allowed here too. Never wrongly yes; wrongly no where only several permissions
    /// together would do, and where there are too many to look at.
    /// </summary>
    public bool Cover(Grants other)
    {
        var steps = 0;
        foreach (var theirs in other._permissions)
        {
            foreach (var (resource, action) in theirs.Resources.SelectMany(r => theirs.Actions, (r, a) => (r, a)))
            {
                foreach (var (role, token) in theirs.Namespaces.SelectMany(r => other._namespaces, (r, t) => (r, t)))
                {
                    if ((steps += _namespaces.Count + _permissions.Count) > MostSteps) return false;
                    // Where it is allowed there is a name of both patterns, so it is enough that one of them lies within ours.
                    if (!Covers(_namespaces, role, token) || !_permissions.Any(p => p.Speaks(resource, action) && Covers(p.Namespaces, role, token))) return false;
                }
            }
        }

        return true;
    }

    private static bool Is(IReadOnlyList<string> patterns, string name) => patterns.Any(p => NamespacePattern.Matches(p, name));

    private static bool IsAll(IReadOnlyList<string> patterns) => patterns.Any(p => NamespacePattern.Covers(p, AccessWords.All));

    private static bool Covers(IReadOnlyList<string> patterns, string one, string other) =>
        patterns.Any(p => NamespacePattern.Covers(p, one) || NamespacePattern.Covers(p, other));
}
