using Gofer.Tests.Support;
using Tomlyn;
using Tomlyn.Model;

namespace Gofer.Tests.Unit.Docs;

/// <summary>The pages hang together: as mdBook builds them, and as they lie in the repository.</summary>
public sealed class BookTests
{
    [Fact]
    public void Every_link_leads_to_a_file_and_to_a_heading_in_it()
    {
        Assert.True(Page.All.Count > 20, $"{Page.All.Count} pages");
        var dead = new List<string>();
        foreach (var page in Page.All)
        {
            foreach (var link in page.Links.Where(l => !l.Contains("://", StringComparison.Ordinal) && !l.StartsWith("mailto:", StringComparison.Ordinal)))
            {
                var (file, anchor) = link.Split('#') is [var f, var a] ? (f, a) : (link, null);
                var path = file.Length == 0 ? page.Path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page.Path)!, file));
                if (!Path.Exists(path)) dead.Add($"{page.Name}: {link} is not there");
                else if (anchor is not null && Page.All.FirstOrDefault(p => p.Path == path)?.Anchors.Contains(anchor) != true) dead.Add($"{page.Name}: {link} names no heading");
            }
        }

        Assert.True(dead.Count == 0, string.Join(Environment.NewLine, dead));
    }

    /// <summary>A link that leaves the folder is dead in the website that mdBook makes of it.</summary>
    [Fact]
    public void The_book_links_to_nothing_outside_of_it()
    {
        var root = Repository.PathOf("docs") + Path.DirectorySeparatorChar;
        foreach (var page in Page.Book)
        {
            Assert.All(
                page.Links.Where(l => !l.Contains("://", StringComparison.Ordinal) && !l.StartsWith('#')),
                link => Assert.StartsWith(root, Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page.Path)!, link)), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_page_is_in_the_summary_once_and_the_summary_names_no_other()
    {
        var summary = Page.Of("docs/SUMMARY.md");
        var listed = summary.Links.Select(l => "docs/" + l).Order(StringComparer.Ordinal);
        var there = Page.Book.Select(p => p.Name).Where(n => n != summary.Name).Order(StringComparer.Ordinal);
        Assert.Equal(there, listed);
    }

    [Fact]
    public void The_book_is_set_up_where_its_pages_lie()
    {
        var toml = TomlSerializer.Deserialize<TomlTable>(File.ReadAllText(Repository.PathOf("docs/book.toml")))!;
        Assert.Equal(".", ((TomlTable)toml["book"])["src"]);
        Assert.Equal("../artifacts/book", ((TomlTable)toml["build"])["build-dir"]);
    }
}
