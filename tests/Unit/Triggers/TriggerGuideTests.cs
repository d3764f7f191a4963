using Gofer.Domain.Triggers;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>The guide on triggers has each type, policy and decision that there is, and no other.</summary>
public sealed class TriggerGuideTests
{
    [Fact]
    public void Each_type_policy_and_decision_has_its_row()
    {
        Assert.Equal(Enum.GetValues<TriggerType>().Select(TriggerReader.Of), Rows("| Type |"));
        Assert.Equal(Enum.GetValues<OverlapPolicy>().Select(TriggerReader.Of), Rows("| `overlap` |"));
        Assert.Equal(Decisions.All, Rows("| Decision |"));
    }

    [Fact]
    public void The_most_triggers_of_a_pipeline_are_as_the_guide_says() =>
        Assert.Contains($"A pipeline has at most {Trigger.MaxCount} triggers", File.ReadAllText(Repository.PathOf("docs/guides/triggers.md")), StringComparison.Ordinal);

    /// <summary>The first cells of the table with that head.</summary>
    private static IEnumerable<string> Rows(string head) => File.ReadLines(Repository.PathOf("docs/guides/triggers.md"))
        .SkipWhile(l => !l.StartsWith(head, StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|')).Select(l => l.Split('`')[1]);
}
