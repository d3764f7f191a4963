using System.Text.RegularExpressions;
using Gofer.Domain.Access;

namespace Gofer.Domain.Common;

/// <summary>
/// Puts what a client sent into a sentence: short, on one line, without anything that a terminal would obey, and of a token that was pasted into
/// the wrong place its public part alone.
/// </summary>
public static partial class Shown
{
    private const int MaxLength = 80;

    /// <summary>The text in quotes, cut where it is long.</summary>
    public static string Quoted(string text) => $"'{Of(text)}'";

    /// <summary>The text, cut where it is long.</summary>
    public static string Of(string text) => Cut(text, MaxLength);

    /// <summary>All of the text.</summary>
    public static string Line(string text) => Cut(text, int.MaxValue);

    /// <summary>The text, cut where it is longer than <paramref name="max"/> characters.</summary>
    public static string Cut(string text, int max)
    {
        text = Tokens().Replace(text, token => $"{token.Groups[1].Value}_********");
        if (text.Length <= max && !text.Any(char.IsControl)) return text;

        var end = Math.Min(text.Length, max);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        var head = string.Concat(text.Take(end).Select(c => char.IsControl(c) ? '?' : c));
        return end < text.Length ? head + "…" : head;
    }

    [GeneratedRegex($"({TokenText.PublicPattern})_[0-9a-f]+", RegexOptions.NonBacktracking)]
    private static partial Regex Tokens();
}
