using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Gofer.Api.Docs;

/// <summary>
/// Shows a page of the reference as HTML: headings, paragraphs, fences, code, bold and links, which is all of Markdown that those pages
/// use. A link to another page becomes plain text, since the server has this page alone.
/// </summary>
internal static partial class PageHtml
{
    private const string Style =
        """
        :root{color-scheme:light dark;font:1rem/1.55 system-ui,sans-serif}
        body{max-width:46rem;margin:2rem auto;padding:0 1rem}
        h2{margin-top:2.2rem;border-top:1px solid #8886;padding-top:1rem}
        h2:target{background:#fd06;outline:.3rem solid #fd06}
        code,pre{font:.9em/1.45 ui-monospace,monospace}
        pre{overflow-x:auto;padding:.8rem;border:1px solid #8886;border-radius:.3rem}
        a{color:inherit}
        """;

    /// <summary>The <c>Content-Security-Policy</c> of a page: its one style sheet, known by its hash, and nothing else.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The whole HTML document of a page.</summary>
    public static string Of(string markdown)
    {
        var lines = markdown.ReplaceLineEndings("\n").Split('\n');
        var (body, paragraph) = (new StringBuilder(), new List<string>());
        var title = "";
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                Close();
                var end = Array.FindIndex(lines, i + 1, l => l.StartsWith("```", StringComparison.Ordinal));
                body.Append("<pre>").Append(WebUtility.HtmlEncode(string.Join('\n', lines[(i + 1)..end]))).Append("</pre>\n");
                i = end;
            }
            else if (Heading().Match(lines[i]) is { Success: true } heading)
            {
                Close();
                var (level, text) = (heading.Groups[1].Length, heading.Groups[2].Value);
                if (level == 1) title = text;
                body.Append($"<h{level} id=\"{Anchor(text)}\">{Inline(text)}</h{level}>\n");
            }
            else if (lines[i].Length == 0)
            {
                Close();
            }
            else
            {
                paragraph.Add(lines[i]);
            }
        }

        Close();
        return $"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
            + $"<title>{WebUtility.HtmlEncode(title)} · Gofer</title>\n<style>{Style}</style>\n{body}</html>\n";

        void Close()
        {
            if (paragraph.Count > 0) body.Append("<p>").Append(Inline(string.Join('\n', paragraph))).Append("</p>\n");
            paragraph.Clear();
        }
    }

    private static string Inline(string text)
    {
        var html = WebUtility.HtmlEncode(text);
        html = Link().Replace(html, m => m.Groups[2].Value.StartsWith('#') || m.Groups[2].Value.Contains("://", StringComparison.Ordinal)
            ? $"<a href=\"{m.Groups[2].Value}\">{m.Groups[1].Value}</a>"
            : m.Groups[1].Value);
        return Code().Replace(Bold().Replace(html, "<strong>$1</strong>"), "<code>$1</code>");
    }

    private static string Anchor(string heading) =>
        string.Concat(heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ').Select(c => c == ' ' ? '-' : c));

    [GeneratedRegex("^(#{1,3}) +(.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[([^\]]*)\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\*\*([^*]+)\*\*")]
    private static partial Regex Bold();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
