namespace Gofer.Domain.Pipelines;

/// <summary>A value that stands for another one: <c>kind{{key}}</c>, alone in its text.</summary>
public static class Interpolation
{
    private static readonly string[] _kinds = ["pipeline_secret", "namespace_secret", "global_secret", "pipeline_object", "run_object", "param"];

    /// <summary>
    /// The kind of the interpolation that <paramref name="text"/> is, in lower case, or null where it is ordinary text. Space around
    /// it and the kind's letter case do not matter; a brace inside the key makes it ordinary text.
    /// </summary>
    public static string? KindOf(string text)
    {
        var value = text.AsSpan().Trim();
        var open = value.IndexOf("{{");
        if (open <= 0 || !value.EndsWith("}}") || value[(open + 2)..].Length < 2) return null;

        var key = value[(open + 2)..^2];
        if (key.IndexOfAny('{', '}') >= 0) return null;
        foreach (var kind in _kinds)
        {
            if (value[..open].Equals(kind, StringComparison.OrdinalIgnoreCase)) return kind;
        }

        return null;
    }
}
