namespace Gofer.Domain.Common;

/// <summary>Puts what a client sent into a sentence: short, on one line, and without anything that a terminal would obey.</summary>
public static class Shown
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
        if (text.Length <= max && !text.Any(char.IsControl)) return text;

        var end = Math.Min(text.Length, max);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        var head = string.Concat(text.Take(end).Select(c => char.IsControl(c) ? '?' : c));
        return end < text.Length ? head + "…" : head;
    }
}
