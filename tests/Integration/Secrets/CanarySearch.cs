using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>
/// Finds canaries in bytes: raw, in base64 and its URL form at each offset, in hex, percent-encoded and escaped as JSON in any way, one inside of the
/// other, and broken into lines. It undoes what was written and so needs not know how who wrote it does that.
/// </summary>
internal sealed partial class CanarySearch
{
    private readonly Dictionary<string, string> _needles = new(StringComparer.Ordinal);
    private readonly SearchValues<string> _search;

    public CanarySearch(IEnumerable<Canary> canaries)
    {
        foreach (var canary in canaries)
        {
            Assert.NotEmpty(canary.Pieces);
            foreach (var (form, text) in canary.Pieces.SelectMany(FormsOf)) _needles.TryAdd(text, $"{canary.Place}, {form}");
        }

        _search = SearchValues.Create([.. _needles.Keys], StringComparison.Ordinal);
    }

    /// <summary>What is found: the canary and its form, each once, with what stands around it.</summary>
    public IReadOnlyList<string> Find(ReadOnlySpan<byte> bytes)
    {
        // A character for each byte, so that what is no text is searched as well.
        var raw = Encoding.Latin1.GetString(bytes);
        var unescaped = JsonEscapes().Replace(raw, e => ((char)Number(e.Groups[1].Value)).ToString());
        var found = new Dictionary<string, string>();
        foreach (var view in new[] { raw, unescaped, Decoded(raw), Decoded(unescaped), LineBreaks().Replace(raw, "") }.Distinct())
        {
            for (var at = 0; view.AsSpan(at).IndexOfAny(_search) is var next and >= 0; at += next + 1)
            {
                var place = at + next;
                var needle = _needles.Keys.First(n => string.CompareOrdinal(view, place, n, 0, n.Length) == 0);
                found.TryAdd(_needles[needle], view[Math.Max(0, place - 60)..Math.Min(view.Length, place + needle.Length + 30)]);
            }
        }

        return [.. found.Select(f => $"{f.Key}: …{f.Value}…")];
    }

    private static IEnumerable<(string Form, string Text)> FormsOf(byte[] piece)
    {
        yield return ("raw", Encoding.Latin1.GetString(piece));
        yield return ("hex", Convert.ToHexString(piece));
        yield return ("hex", Convert.ToHexStringLower(piece));
        for (var offset = 0; offset < 3; offset++)
        {
            // Without the characters at both ends that what stands there decides as well.
            var text = Convert.ToBase64String([.. new byte[offset], .. piece])[(((offset * 8) + 5) / 6)..((offset + piece.Length) * 8 / 6)];
            yield return ($"base64 at {offset}", text);
            yield return ($"base64 at {offset}", text.Replace('+', '-').Replace('/', '_'));
        }
    }

    private static string Decoded(string text) => Percents().Replace(text, e => ((char)Number(e.Groups[1].Value)).ToString());

    private static int Number(string hex) => int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex JsonEscapes();

    [GeneratedRegex("%([0-9A-Fa-f]{2})")]
    private static partial Regex Percents();

    /// <summary>As they are, and as JSON writes them.</summary>
    [GeneratedRegex(@"\r|\n|\\r|\\n")]
    private static partial Regex LineBreaks();
}
