namespace Gofer.Domain.Pipelines;

/// <summary>A value that stands for another one: <c>kind{{key}}</c>, alone in its text or, where that is allowed, inside of it.</summary>
public static class Interpolation
{
    /// <summary>A parameter of the run.</summary>
    public const string Param = "param";

    /// <summary>A secret of the task's pipeline.</summary>
    public const string PipelineSecret = "pipeline_secret";

    /// <summary>A secret of its namespace.</summary>
    public const string NamespaceSecret = "namespace_secret";

    /// <summary>A secret of the install, for the namespaces that it names.</summary>
    public const string GlobalSecret = "global_secret";

    /// <summary>An object of the task's pipeline.</summary>
    public const string PipelineObject = "pipeline_object";

    /// <summary>An object of its run.</summary>
    public const string RunObject = "run_object";

    /// <summary>The token that a task gets for the API. Nobody writes it: a member of the task asks for it.</summary>
    public const string RunToken = "run_token";

    /// <summary>A value of the matrix instance; known inside a concurrency key alone.</summary>
    public const string Matrix = "matrix";

    /// <summary>Every kind that may be a whole value.</summary>
    internal static IReadOnlyList<string> Kinds => s_kinds;

    private static readonly string[] s_kinds = [PipelineSecret, NamespaceSecret, GlobalSecret, PipelineObject, RunObject, Param];

    /// <summary>Whether what it stands for must not be seen.</summary>
    public static bool IsSecret(string kind) => kind == RunToken || kind.EndsWith("_secret", StringComparison.Ordinal);

    /// <summary>
    /// The kind of the interpolation that <paramref name="text"/> is, in lower case, or null where it is ordinary text. Space around
    /// it and the kind's letter case do not matter; a brace inside the key makes it ordinary text.
    /// </summary>
    public static string? KindOf(string text) => Parse(text)?.Kind;

    /// <summary>Kind and key of the interpolation that the whole text is, or null.</summary>
    public static (string Kind, string Key)? Parse(string text)
    {
        var value = text.AsSpan().Trim();
        var open = value.IndexOf("{{");
        if (open <= 0 || !value.EndsWith("}}") || value[(open + 2)..].Length < 2) return null;

        var key = value[(open + 2)..^2];
        if (key.IndexOfAny('{', '}') >= 0) return null;
        foreach (var kind in s_kinds)
        {
            if (value[..open].Equals(kind, StringComparison.OrdinalIgnoreCase)) return (kind, key.Trim().ToString());
        }

        return null;
    }

    /// <summary>
    /// Cuts a text into what stands as it is (<c>Kind</c> null) and the <c>param{{x}}</c> and <c>matrix{{x}}</c> inside of it (<c>Text</c> is
    /// the key).
    /// </summary>
    public static IEnumerable<(string? Kind, string Text)> Split(string text)
    {
        var at = 0;
        while (Next(text, at) is { } found)
        {
            if (found.Start > at) yield return (null, text[at..found.Start]);
            yield return (found.Kind, found.Key);
            at = found.End;
        }

        if (at < text.Length) yield return (null, text[at..]);
    }

    private static (string Kind, string Key, int Start, int End)? Next(string text, int from)
    {
        for (var open = text.IndexOf("{{", from, StringComparison.Ordinal); open >= 0; open = text.IndexOf("{{", open + 2, StringComparison.Ordinal))
        {
            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0) return null;
            var key = text[(open + 2)..close];
            if (key.AsSpan().IndexOfAny('{', '}') >= 0) continue;
            foreach (var kind in new[] { Param, Matrix })
            {
                var start = open - kind.Length;
                if (start >= from && string.Compare(text, start, kind, 0, kind.Length, StringComparison.OrdinalIgnoreCase) == 0)
                {
                    return (kind, key.Trim(), start, close + 2);
                }
            }
        }

        return null;
    }
}
