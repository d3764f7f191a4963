using Gofer.Domain.Access;
using Gofer.Domain.Namespaces;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Leaves away what a caller does not see.</summary>
internal static class Sights
{
    /// <summary>The namespaces that one of these is of.</summary>
    public static IQueryable<Namespace> SeenBy(this IQueryable<Namespace> namespaces, IReadOnlyList<Sight> sights)
    {
        if (sights is [var only]) return namespaces.Within(only);
        var seen = sights.Select(s => namespaces.Within(s).Select(n => n.Id)).ToList();
        if (seen.Count == 0) return namespaces.Where(_ => false);
        var all = seen.Aggregate((some, more) => some.Union(more));
        return namespaces.Where(n => all.Contains(n.Id));
    }

    private static IQueryable<Namespace> Within(this IQueryable<Namespace> namespaces, Sight sight)
    {
        foreach (var patterns in new[] { sight.OfRoles, sight.OfHolder })
        {
            if (patterns.Contains("*")) continue;
            var likes = patterns.Select(Like).ToArray();
            namespaces = namespaces.Where(n => likes.Any(l => EF.Functions.Like(n.Name, l)));
        }

        return namespaces;
    }

    /// <summary>
    /// The pattern as SQL's <c>like any</c> has it, in which a backslash escapes (EF's own <c>Like</c> outside of an <c>Any</c> has none); of a pattern's
    /// characters only '_' means something there, and a backslash is none of them.
    /// </summary>
    private static string Like(string pattern) => pattern.Replace("_", "\\_", StringComparison.Ordinal).Replace('*', '%');
}
