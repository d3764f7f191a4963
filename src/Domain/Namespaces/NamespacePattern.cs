using Gofer.Domain.Common;

namespace Gofer.Domain.Namespaces;

/// <summary>Names of namespaces: one as it stands, or with <c>*</c> for any characters, none among them. It speaks of the whole name.</summary>
public static class NamespacePattern
{
    /// <summary>The most patterns of one thing.</summary>
    public const int MaxCount = 100;

    /// <summary>Null where it is a good pattern, else the sentence that says why it is not.</summary>
    public static string? Complaint(string pattern) => pattern switch
    {
        "" => "must not be empty; '*' is every namespace.",
        { Length: > Slug.MaxLength } => $"is {pattern.Length} characters long; at most {Slug.MaxLength} are allowed.",
        _ when pattern.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '*')) =>
            $"is {Shown.Quoted(pattern)}; it may hold letters, digits, '-', '_' and '*' only.",
        _ => null,
    };

    /// <summary>Reads patterns, each once; <paramref name="whenEmpty"/> says why there must be some. What is wrong goes into the faults.</summary>
    public static IReadOnlyList<string> Read(JsonValue member, string whenEmpty)
    {
        ArgumentNullException.ThrowIfNull(member);
        var items = member.Items("""["team-*"]""");
        if (!member.IsAbsent && member.IsEmpty) member.Invalid($"{member.Label} is empty: {whenEmpty}");
        if (items.Count > MaxCount) member.Invalid($"There are {items.Count} patterns; at most {MaxCount} are allowed.");
        var patterns = new List<string>();
        foreach (var item in items)
        {
            if (item.Text() is not { } pattern) continue;
            if (Complaint(pattern) is { } complaint) item.Invalid($"{item.Label} {complaint}");
            else if (!patterns.Contains(pattern)) patterns.Add(pattern);
        }

        return patterns;
    }

    /// <summary>Whether every name of <paramref name="inner"/> is one of <paramref name="pattern"/> too. Never wrongly yes.</summary>
    public static bool Covers(string pattern, string inner) => Matches(pattern, inner); // a star of the inner one is a character that only a star takes

    /// <summary>Whether the pattern is of that name. Takes at most the product of both lengths in steps.</summary>
    public static bool Matches(string pattern, string name)
    {
        var (at, star, back) = (0, -1, 0);
        for (var i = 0; i < name.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*') (star, back, at) = (at, i, at + 1);
            else if (at < pattern.Length && pattern[at] == name[i]) (at, i) = (at + 1, i + 1);
            else if (star >= 0) (at, i) = (star + 1, ++back); // the last star takes one character more
            else return false;
        }

        return pattern.AsSpan(at).ContainsAnyExcept('*') is false;
    }
}
