using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Docs;

/// <summary>The guide for people who write extensions shows the example that is built and tested.</summary>
public sealed class ExtensionGuideTests
{
    [Fact]
    public void The_program_of_the_guide_is_the_example_and_has_thirty_lines_at_most()
    {
        var example = File.ReadAllText(Repository.PathOf("examples/extension-csharp/Program.cs"));
        Assert.Contains(example, File.ReadAllText(Repository.PathOf("docs/guides/write-an-extension.md")), StringComparison.Ordinal);
        Assert.InRange(example.TrimEnd().Split('\n').Length, 1, 30);
    }
}
