using System.Text.RegularExpressions;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Docs;

/// <summary>A page of the documentation: its links, and the anchors that links may name.</summary>
public sealed partial class Page
{
    private readonly string _text;

    private Page(string path) => (Path, _text) = (path, File.ReadAllText(path));

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>Its path in the repository, as people write it.</summary>
    public string Name => System.IO.Path.GetRelativePath(Repository.PathOf("."), Path).Replace('\\', '/');

    /// <summary>Its text without code fences, in which nothing is a link and nothing a heading.</summary>
    public string Prose => field ??= Fence().Replace(_text, "");

    /// <summary>The targets of its links.</summary>
    public IEnumerable<string> Links => Link().Matches(Code().Replace(Prose, "")).Select(m => m.Groups[1].Value);

    /// <summary>What <c>#…</c> may name: headings as mdBook and GitHub both spell them.</summary>
    public IReadOnlySet<string> Anchors => field ??= Heading().Matches(Prose).Select(m => AnchorOf(m.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);

    /// <summary>The first cells of its tables where they are code, such as <c>worker.lease</c>.</summary>
    public IReadOnlySet<string> Rows => field ??= Row().Matches(Prose).SelectMany(m => Code().Matches(m.Groups[1].Value)).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>A page by its path in the repository.</summary>
    public static Page Of(string name) => new(Repository.PathOf(name));

    /// <summary>All pages of the book.</summary>
    public static IReadOnlyList<Page> Book { get; } = [.. Directory.GetFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(p => new Page(p))];

    /// <summary>All pages for people in the repository.</summary>
    public static IReadOnlyList<Page> All { get; } =
    [
        .. Book,
        .. new[] { "examples", "deploy", "sdk", "tests", "bench" }
            .Select(folder => Repository.PathOf(folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, "*.md", SearchOption.AllDirectories))
            .Append(Repository.PathOf("README.md"))
            .Where(p => !p.Contains("/bin/", StringComparison.Ordinal) && !p.Contains("/obj/", StringComparison.Ordinal) && !p.Contains("/node_modules/", StringComparison.Ordinal))
            .Select(p => new Page(p)),
    ];

    /// <summary>A heading's anchor: letters, digits, <c>-</c> and <c>_</c> in lower case, spaces as <c>-</c>.</summary>
    private static string AnchorOf(string heading)
    {
        var shown = LinkText().Replace(heading.Trim(), "$1");
        return string.Concat(shown.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ').Select(c => c == ' ' ? '-' : c));
    }

    [GeneratedRegex(@"^ *```.*?^ *```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();

    [GeneratedRegex(@"^#{1,6} +(.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| *(`[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
