using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gofer.Domain.Secrets;

/// <summary>
/// The ways in which a program may write a secret that it was given: as it is, line by line, in base64 at each of the three places that it may
/// have in a longer text, escaped for a URL and escaped for JSON, each as the usual libraries do it.
/// </summary>
internal static class SecretForms
{
    /// <summary>The shortest text that is masked. A shorter one would hide half of every output and still be guessed.</summary>
    public const int Shortest = 6;

    /// <summary>The columns at which <c>base64</c> and PEM break their lines.</summary>
    private static readonly int[] s_columns = [76, 64];

    /// <summary>
    /// What is left as it is beside letters, digits and <c>-_.</c>: by PHP; by RFC 3986 and Go; by browsers' and .NET's functions for a component and for
    /// a form; by Python's for a path; by Go's for a part of one; by browsers' for a whole address.
    /// </summary>
    private static readonly string[] s_plainInUrls = ["", "~", "!'()*~", "!()*", "*", "/~", "$&+:=@~", "!'()*~;,/?:@&=+$#"];

    private static readonly bool[] s_either = [false, true];

    /// <summary>Bytes of a task's secrets up to which every form is looked for.</summary>
    public const int EveryForm = 64 * 1024;

    /// <summary>Bytes of a task's secrets up to which they are looked for in base64; beyond it only as they are.</summary>
    public const int AlsoBase64 = 512 * 1024;

    /// <summary>
    /// The forms of the value and of each of its lines, as UTF-8, each once and none shorter than <see cref="Shortest"/> bytes; fewer of them where
    /// the secrets of the task have many bytes together, since each form of each is held in memory.
    /// </summary>
    public static IEnumerable<byte[]> Of(string value, int together) =>
        value.Split('\n').Select(line => line.TrimEnd('\r')).Append(value).Distinct()
            .Where(text => Encoding.UTF8.GetByteCount(text) >= Shortest)
            .SelectMany(text => FormsOf(text, together)).Where(form => form.Length >= Shortest).Distinct()
            .Select(Encoding.UTF8.GetBytes).Where(bytes => bytes.Length >= Shortest);

    private static IEnumerable<string> FormsOf(string text, int together) => together switch
    {
        <= EveryForm => [text, .. Base64(Encoding.UTF8.GetBytes(text)), .. Url(text), .. Json(text)],
        <= AlsoBase64 => [text, .. Base64(Encoding.UTF8.GetBytes(text))],
        _ => [text],
    };

    /// <summary>
    /// The characters that the value alone decides, whatever stands around it: of a value that begins in the middle of three bytes the first
    /// one or two characters belong to what is before it as well, and its last one to what follows.
    /// </summary>
    private static IEnumerable<string> Base64(byte[] value)
    {
        for (var offset = 0; offset < 3; offset++)
        {
            var text = Convert.ToBase64String([.. new byte[offset], .. value]);
            text = text[(((offset * 8) + 5) / 6)..((offset + value.Length) * 8 / 6)];
            yield return text;
            yield return text.Replace('+', '-').Replace('/', '_');
            if (offset > 0) continue;
            foreach (var column in s_columns.Where(c => text.Length > c))
            {
                for (var at = 0; at < text.Length; at += column) yield return text[at..Math.Min(text.Length, at + column)];
            }
        }
    }

    private static IEnumerable<string> Url(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var plain in s_plainInUrls)
        {
            var form = string.Concat(bytes.Select(b => char.IsAsciiLetterOrDigit((char)b) || "-_.".Contains((char)b) || plain.Contains((char)b) ? ((char)b).ToString() : Uri.HexEscape((char)b)));
            foreach (var spaced in new[] { form, form.Replace("%20", "+", StringComparison.Ordinal) })
            {
                yield return spaced;
                yield return LowerHex(spaced, '%', 2);
            }
        }
    }

    private static IEnumerable<string> Json(string text)
    {
        foreach (var (ascii, html, slash) in from ascii in s_either from html in s_either from slash in s_either select (ascii, html, slash))
        {
            var form = string.Concat(text.Select(c => Escaped(c, ascii, html, slash)));
            yield return form;
            yield return LowerHex(form, 'u', 4);
        }

        // .NET's own escapes more than others do.
        var strict = JsonEncodedText.Encode(text).Value;
        yield return strict;
        yield return LowerHex(strict, 'u', 4);
    }

    private static string Escaped(char c, bool ascii, bool html, bool slash) => c switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\b' => @"\b",
        '\f' => @"\f",
        '/' when slash => @"\/",
        '<' or '>' or '&' when html => Hex(c),
        '\u2028' or '\u2029' => Hex(c),
        _ when c < ' ' || (c >= '\x7f' && ascii) => Hex(c),
        _ => c.ToString(),
    };

    private static string Hex(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");

    /// <summary>The same with the digits after each <paramref name="mark"/> in lower case, as other libraries write them.</summary>
    private static string LowerHex(string text, char mark, int digits)
    {
        var lower = text.ToCharArray();
        for (var i = 0; i + digits < text.Length; i++)
        {
            if (text[i] != mark || !text.AsSpan(i + 1, digits).ContainsOnlyHex()) continue;
            if (mark == 'u' && (i == 0 || text[i - 1] != '\\')) continue;
            for (var d = 1; d <= digits; d++) lower[i + d] = char.ToLowerInvariant(lower[i + d]);
        }

        return new string(lower);
    }

    private static bool ContainsOnlyHex(this ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c)) return false;
        }

        return true;
    }
}
