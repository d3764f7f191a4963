using System.Text.RegularExpressions;
using CsCheck;
using Gofer.Domain.Namespaces;

namespace Gofer.Tests.Unit.Domain.Namespaces;

public sealed class NamespacePatternTests
{
    [Theory]
    [InlineData("team-a", "team-a", true)]
    [InlineData("team-a", "team-ab", false)]
    [InlineData("team-a", "a-team-a", false)]
    [InlineData("team-*", "team-", true)]
    [InlineData("team-*", "my-team-a", false)]
    [InlineData("*-prod", "a-prod-prod", true)]
    [InlineData("*-prod", "a-prod-b", false)]
    [InlineData("a*b*c", "aXbXbc", true)]
    [InlineData("*", "anything", true)]
    [InlineData("Team", "team", false)]
    public void A_pattern_speaks_of_the_whole_name(string pattern, string name, bool matches) => Assert.Equal(matches, NamespacePattern.Matches(pattern, name));

    /// <summary>Against what the runtime's own matcher says of the same pattern.</summary>
    [Fact]
    public void A_star_stands_for_any_characters() =>
        Gen.Select(Gen.String[Gen.Char["ab*"], 0, 8], Gen.String[Gen.Char["ab"], 0, 8]).Sample((pattern, name) => Assert.Equal(
            Regex.IsMatch(name, $"^{pattern.Replace("*", ".*", StringComparison.Ordinal)}$", RegexOptions.NonBacktracking), NamespacePattern.Matches(pattern, name)));

    [Fact]
    public void A_pattern_that_covers_another_matches_all_that_the_other_does() =>
        Gen.Select(Gen.String[Gen.Char["ab*"], 1, 6], Gen.String[Gen.Char["ab*"], 1, 6], Gen.String[Gen.Char["ab"], 0, 8]).Sample((wide, narrow, name) =>
            !NamespacePattern.Covers(wide, narrow) || !NamespacePattern.Matches(narrow, name) || NamespacePattern.Matches(wide, name));

    [Theory]
    [InlineData("*", "team-*", true)]
    [InlineData("team-*", "team-a", true)]
    [InlineData("team-*", "team-*", true)]
    [InlineData("team-*", "team-*-prod", true)]
    [InlineData("team-a", "team-*", false)]
    [InlineData("team-*", "*", false)]
    public void What_covers_what_is_what_one_would_say(string wide, string narrow, bool covers) => Assert.Equal(covers, NamespacePattern.Covers(wide, narrow));

    [Theory]
    [InlineData("", "must not be empty")]
    [InlineData("team a", "'team a'; it may hold letters")]
    [InlineData("../x", "'../x'; it may hold letters")]
    [InlineData("teäm", "it may hold letters")]
    public void What_no_namespace_could_be_called_is_no_pattern(string pattern, string complaint) =>
        Assert.Contains(complaint, NamespacePattern.Complaint(pattern), StringComparison.Ordinal);

    [Fact]
    public void A_pattern_is_as_long_as_a_name_at_most()
    {
        Assert.Null(NamespacePattern.Complaint(new string('a', 62) + "*"));
        Assert.Contains("at most 63", NamespacePattern.Complaint(new string('a', 63) + "*"), StringComparison.Ordinal);
    }
}
