using System.Globalization;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Access;

/// <summary>Roles in some namespaces, both by name: what a caller has of them depends on what the roles say at the moment.</summary>
/// <param name="Roles">Names of roles.</param>
/// <param name="Namespaces">Names or patterns of the namespaces in which they hold.</param>
public sealed record RoleGrant(IReadOnlyList<string> Roles, IReadOnlyList<string> Namespaces);

/// <summary>
/// What an identity provider's claim gives: for each value of it, or pattern of values, roles in namespaces. Written as
/// <c>platform=admin@*; team-a-*=developer,operator@team-a,team-a-*</c>, one to a line or with semicolons between. Every value that is of a
/// pattern gets what it gives; what no pattern is of gets nothing. Immutable.
/// </summary>
public sealed class ClaimRoles
{
    /// <summary>The most patterns of values.</summary>
    public const int MaxCount = 200;

    /// <summary>The longest pattern of values, in characters.</summary>
    public const int MaxValue = 255;

    private static readonly char[] s_ends = [';', '\n', '\r'];

    private readonly IReadOnlyList<(string Pattern, RoleGrant Grant)> _entries;

    private ClaimRoles(IReadOnlyList<(string Pattern, RoleGrant Grant)> entries) => _entries = entries;

    /// <summary>Reads what somebody wrote; the error is one sentence about the first entry that is wrong.</summary>
    public static Result<ClaimRoles> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<(string, RoleGrant)>();
        foreach (var entry in text.Split(s_ends, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Values may hold both signs, as distinguished names and addresses do; names of roles and namespaces hold neither.
            var equals = entry.LastIndexOf('=');
            var at = entry.IndexOf('@', equals + 1);
            if (equals < 0 || at < 0) return Wrong(entry, "it must be written as VALUE=ROLE@NAMESPACE, such as platform=admin@*.");
            var (value, roles, namespaces) = (entry[..equals].TrimEnd(), Names(entry[(equals + 1)..at]), Names(entry[(at + 1)..]));
            if (value.Length is 0 or > MaxValue) return Wrong(entry, string.Create(CultureInfo.InvariantCulture, $"its value must have 1 to {MaxValue} characters."));
            if (value.Any(char.IsControl)) return Wrong(entry, "its value may hold no control characters.");
            if (roles.Length > Token.MaxRoles) return Wrong(entry, string.Create(CultureInfo.InvariantCulture, $"at most {Token.MaxRoles} roles are allowed."));
            if (namespaces.Length > NamespacePattern.MaxCount) return Wrong(entry, string.Create(CultureInfo.InvariantCulture, $"at most {NamespacePattern.MaxCount} namespaces are allowed."));
            foreach (var role in roles)
            {
                if (Slug.Complaint(role) is { } complaint) return Wrong(entry, $"a role {complaint}");
            }

            foreach (var pattern in namespaces)
            {
                if (NamespacePattern.Complaint(pattern) is { } complaint) return Wrong(entry, $"a namespace {complaint}");
            }

            entries.Add((value, new RoleGrant(roles, namespaces)));
        }

        if (entries.Count > MaxCount) return Error.Invalid("", string.Create(CultureInfo.InvariantCulture, $"There are {entries.Count} entries; at most {MaxCount} are allowed."));
        return entries.Count == 0 ? Error.Invalid("", "There is no entry; write VALUE=ROLE@NAMESPACE, such as platform=admin@*.") : new ClaimRoles(entries);
    }

    /// <summary>What these values give together, in the order in which it is written; nothing where no pattern is of any of them.</summary>
    public IReadOnlyList<RoleGrant> Of(IReadOnlyCollection<string> values) =>
        [.. _entries.Where(e => values.Any(v => NamespacePattern.Matches(e.Pattern, v))).Select(e => e.Grant)];

    /// <summary>All of it on one line, which <see cref="Parse"/> reads as the same.</summary>
    public override string ToString() =>
        string.Join("; ", _entries.Select(e => $"{e.Pattern}={string.Join(',', e.Grant.Roles)}@{string.Join(',', e.Grant.Namespaces)}"));

    private static string[] Names(string text) => text.Split(',', StringSplitOptions.TrimEntries);

    private static Error Wrong(string entry, string why) => Error.Invalid("", $"{Shown.Quoted(entry)} says of nobody what it may do: {why}");
}
