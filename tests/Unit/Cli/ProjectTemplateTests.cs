using Gofer.Cli.Authoring;
using Gofer.Domain.Common;

namespace Gofer.Tests.Unit.Cli;

public sealed class ProjectTemplateTests
{
    [Theory]
    [InlineData("/a/nightly", "nightly")]
    [InlineData("/a/nightly/", "nightly")]
    [InlineData("/a/My Reports (old)", "My-Reports--old")]
    [InlineData("/a/.config", "config")]
    [InlineData("/a/größe", "gr--e")]
    [InlineData("/a/___", "hello")]
    [InlineData("/", "hello")]
    [InlineData("/a/0123456789012345678901234567890123456789012345678901234567890123456789", "012345678901234567890123456789012345678901234567890123456789012")]
    public void The_id_is_the_folders_name_as_far_as_it_may_be(string folder, string id)
    {
        Assert.Equal(id, ProjectTemplate.IdFor(folder));
        Assert.True(Slug.IsValid(id));
    }

    [Fact]
    public void Every_project_has_a_program_or_a_document_a_README_and_a_gitignore_and_names_its_pipeline()
    {
        Assert.Equal(["csharp", "json", "go", "rust", "typescript", "python"], ProjectTemplate.All.Select(t => t.Language));
        Assert.All(ProjectTemplate.All, template =>
        {
            var files = template.Files("nightly");
            Assert.Contains("README.md", files.Keys);
            Assert.Contains(".gitignore", files.Keys);
            Assert.True(files.Count >= 4, string.Join(", ", files.Keys));
            Assert.Contains(files, f => f.Value.Contains("\"nightly\"", StringComparison.Ordinal) || f.Value.Contains("\\\"nightly\\\"", StringComparison.Ordinal));
            Assert.DoesNotContain(files, f => f.Value.Contains("my-pipeline", StringComparison.Ordinal));
        });
    }
}
