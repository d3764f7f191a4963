namespace Gofer.Domain.Common;

/// <summary>The rule for names of namespaces, pipelines, tasks, triggers and keys: 1–63 of letters, digits, '-', '_', the first a letter or digit.</summary>
public static class Slug
{
    /// <summary>The rule as a regular expression without anchors.</summary>
    public const string Pattern = "[A-Za-z0-9][A-Za-z0-9_-]{0,62}";

    /// <summary>The longest name.</summary>
    public const int MaxLength = 63;

    /// <summary>Null where <paramref name="name"/> is a good name, else the sentence that says why it is not.</summary>
    public static string? Complaint(string? name) => name switch
    {
        null or "" => "must not be empty.",
        { Length: > MaxLength } => $"is {name.Length} characters long; at most {MaxLength} are allowed.",
        _ when !char.IsAsciiLetterOrDigit(name[0]) => $"'{Shown(name)}' must start with a letter or a digit.",
        _ when name.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) is var bad and not '\0' =>
            $"'{Shown(name)}' may hold letters, digits, '-' and '_' only, not {Describe(bad)}.",
        _ when name.Contains('\0', StringComparison.Ordinal) => "may not hold a NUL.",
        _ => null,
    };

    /// <summary>Whether <paramref name="name"/> is a good name.</summary>
    public static bool IsValid(string? name) => Complaint(name) is null;

    private static string Describe(char c) => char.IsControl(c) || char.IsSurrogate(c) ? $"U+{(int)c:X4}" : $"'{c}'";

    private static string Shown(string name) => string.Concat(name.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
}
