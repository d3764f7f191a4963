namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>The approved answers as a whole.</summary>
public sealed class ApprovedTests
{
    /// <summary>Below it the numbers of mistakes leave room for those of their kind.</summary>
    private const int Fewest = 40;

    [Fact]
    public void Forty_and_more_mistakes_have_an_answer_and_no_number_stands_for_two()
    {
        Assert.True(Mistake.Approved.Count >= Fewest, $"There are {Mistake.Approved.Count}.");
        Assert.Equal(Mistake.Approved.Count, Mistake.Approved.Select(n => n.Split('-')[0]).Distinct().Count());
    }

    [Fact]
    public void Every_answer_belongs_to_a_test()
    {
        var folder = Path.Combine(Gofer.Tests.Support.Repository.Root, "tests/Integration/Cli/Mistakes");
        var tests = string.Concat(Directory.EnumerateFiles(folder, "*.cs").Select(File.ReadAllText));
        Assert.All(Mistake.Approved, name => Assert.Contains($"\"{name}\"", tests, StringComparison.Ordinal));
    }
}
