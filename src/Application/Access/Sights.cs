using Gofer.Domain.Namespaces;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Access;

/// <summary>Leaves away what a caller does not see.</summary>
internal static class Sights
{
    /// <summary>The namespaces whose names are of a pattern of each of the two lists.</summary>
    public static IQueryable<Namespace> SeenBy(this IQueryable<Namespace> namespaces, (IReadOnlyList<string> OfRoles, IReadOnlyList<string> OfToken) sight)
    {
        foreach (var patterns in new[] { sight.OfRoles, sight.OfToken })
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
