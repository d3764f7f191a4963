namespace Gofer.Domain.Common;

/// <summary>Finds the name that somebody who mistyped one most likely meant.</summary>
public static class Nearest
{
    private const int MaxLength = 64;

    /// <summary>The candidate within a few typing errors of <paramref name="name"/>, letter case aside, or null; the first of equals.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        var (best, bestDistance) = ((string?)null, Tolerance(name) + 1);
        if (name.Length is 0 or > MaxLength) return null;

        foreach (var candidate in candidates)
        {
            if (candidate.Length > MaxLength || Math.Abs(candidate.Length - name.Length) >= bestDistance) continue;
            var distance = Distance(name, candidate);
            if (distance < bestDistance) (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    private static int Tolerance(string name) => Math.Max(1, name.Length / 3);

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one into the other.</summary>
    private static int Distance(string a, string b)
    {
        Span<int> twoAgo = stackalloc int[b.Length + 1];
        Span<int> previous = stackalloc int[b.Length + 1];
        Span<int> current = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) previous[j] = j;

        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = Same(a[i - 1], b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                    current[j] = Math.Min(current[j], twoAgo[j - 2] + 1);
            }

            var spare = twoAgo;
            twoAgo = previous;
            previous = current;
            current = spare;
        }

        return previous[b.Length];
    }

    private static bool Same(char x, char y) => char.ToLowerInvariant(x) == char.ToLowerInvariant(y);
}
