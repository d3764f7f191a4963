using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;
using static Gofer.Tests.Unit.Triggers.Hooks.HookParts;

namespace Gofer.Tests.Unit.Triggers.Hooks;

public sealed class GithubFilterTests
{
    [Theory]
    [InlineData("push", "push", "", null)]
    [InlineData("*", "issues", "", null)]
    [InlineData("Pull_Request/Opened, synchronize,", "pull_request", "", null)]
    [InlineData("pull_request/", "pull_request", "", null)]
    [InlineData("pull_request/closed", "pull_request", "", "The action of 'pull_request' is 'synchronize'; the trigger takes pull_request/closed.")]
    [InlineData("push/opened", "push", "", "The action of 'push' is missing; the trigger takes push/opened.")]
    [InlineData("push", "release", "", "The event is 'release'; the trigger takes push.")]
    [InlineData("push", "ping", "", "GitHub's ping: the webhook works.")]
    [InlineData("*", "ping", "", "GitHub's ping: the webhook works.")]
    [InlineData("ping", "ping", "", null)]
    [InlineData("push", "push", ",\"branches\":[\"main\"]", null)]
    [InlineData("push", "push", ",\"branches\":[\"release/*\",\"ma*\"]", null)]
    [InlineData("push", "push", ",\"branches\":[\"release/*\"]", "The branch is 'main'; the trigger takes release/*.")]
    [InlineData("pull_request", "pull_request", ",\"branches\":[\"main\"]", null)]
    [InlineData("pull_request", "pull_request", ",\"branches\":[\"rounding\"]", "The branch is 'main'; the trigger takes rounding.")]
    [InlineData("create", "create", ",\"branches\":[\"rounding\"]", null)]
    [InlineData("delete", "delete", ",\"branches\":[\"v2*\"]", "'delete' has no branch, and the trigger takes v2*.")]
    [InlineData("workflow_run", "workflow_run", ",\"branches\":[\"main\"]", null)]
    [InlineData("check_run/completed", "check_run", ",\"branches\":[\"rounding\"]", null)]
    [InlineData("release/published", "release", ",\"branches\":[\"main\"]", null)]
    [InlineData("issues", "issues", ",\"branches\":[\"main\"]", "'issues' has no branch, and the trigger takes main.")]
    [InlineData("push", "push", ",\"repository\":\"Acme/Shop\"", null)]
    [InlineData("push", "push", ",\"repository\":\"acme/*\"", null)]
    [InlineData("push", "push", ",\"repository\":\"acme/web\"", "The repository is 'acme/shop'; the trigger takes acme/web.")]
    public void An_event_runs_or_is_told_why_not(string events, string name, string more, string? refusal) => Assert.Equal(refusal, Read(events, more).Refuse(Github(name)));

    [Fact]
    public void The_push_of_a_tag_has_no_branch() =>
        Assert.Contains("has no branch", Read("push", ",\"branches\":[\"*\"]").Refuse(Github("push", t => t.Replace("refs/heads/main", "refs/tags/main", StringComparison.Ordinal))), StringComparison.Ordinal);

    [Fact]
    public void What_is_none_of_GitHubs_or_is_a_form_is_told_so()
    {
        Assert.Contains("no X-GitHub-Event header", Read("*").Refuse(Event("{}")), StringComparison.Ordinal);
        Assert.Contains("application/json", Read("*").Refuse(Event("payload=%7B%7D", ("X-GitHub-Event", "push"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_delivery_is_known_again_by_its_id() => Assert.Equal("72d3162e-cc78-11e3-81ab-4c9367dc0958", DedupeRule.Github.KeyOf(Github("ping")));

    [Theory]
    [InlineData("""["pul_request"]""", "", "/events/0: ", "Did you mean 'pull_request'?")]
    [InlineData("[]", "", "/events: ", "1 to 50")]
    [InlineData("""["push/a b"]""", "", "/events/0: ", "actions with commas")]
    [InlineData("""["push"]""", ",\"repository\":\"shop\"", "/repository: ", "owner/name")]
    [InlineData("""["push"]""", ",\"branches\":[1]", "/branches/0: ", "a string")]
    public void What_is_wrong_is_said_where_it_is(string events, string more, string pointer, string why)
    {
        var faults = new FaultList();
        GithubFilter.Read(Open($$"""{"events":{{events}}{{more}}}""", faults));
        Assert.Contains(pointer, Said(faults), StringComparison.Ordinal);
        Assert.Contains(why, Said(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("push", "GITHUB_BEFORE=0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 GITHUB_BRANCH=main GITHUB_REF=refs/heads/main GITHUB_SHA=5e0f2f6a3c1d4b8e9a7c6d5e4f3a2b1c0d9e8f70")]
    [InlineData("pull_request", "GITHUB_ACTION=synchronize GITHUB_BEFORE=0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 GITHUB_BRANCH=main GITHUB_HEAD_BRANCH=rounding GITHUB_PR_NUMBER=42 GITHUB_REF=refs/pull/42/head GITHUB_SHA=5e0f2f6a3c1d4b8e9a7c6d5e4f3a2b1c0d9e8f70")]
    [InlineData("release", "GITHUB_ACTION=published GITHUB_BRANCH=main GITHUB_RELEASE_TAG=v2.3.0")]
    [InlineData("issues", "GITHUB_ACTION=opened")]
    [InlineData("ping", "")]
    [InlineData("create", "GITHUB_BRANCH=rounding GITHUB_REF=rounding")]
    [InlineData("delete", "GITHUB_REF=v2.2.9")]
    [InlineData("workflow_run", "GITHUB_ACTION=completed GITHUB_BRANCH=main GITHUB_SHA=5e0f2f6a3c1d4b8e9a7c6d5e4f3a2b1c0d9e8f70")]
    [InlineData("check_run", "GITHUB_ACTION=completed GITHUB_BRANCH=rounding GITHUB_SHA=5e0f2f6a3c1d4b8e9a7c6d5e4f3a2b1c0d9e8f70")]
    public void A_run_is_told_what_the_event_has(string name, string own)
    {
        string[] common = ["GITHUB_DELIVERY=72d3162e-cc78-11e3-81ab-4c9367dc0958", $"GITHUB_EVENT={name}", "GITHUB_REPOSITORY=acme/shop", "GITHUB_SENDER=mona"];
        var expected = common.Concat(own.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Order(StringComparer.Ordinal);
        Assert.Equal(expected, GithubFilter.Variables(Github(name)).Select(v => $"{v.Key}={v.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_guides_table_of_filters_is_true()
    {
        foreach (var row in Table("docs/guides/github.md", "## Which events run"))
        {
            var filter = Read(Codes(row[0])[0]);
            foreach (var name in Codes(row[1])) Assert.Null(filter.Refuse(Github(name)));
            foreach (var name in Codes(row[2])) Assert.NotNull(filter.Refuse(Github(name)));
        }
    }

    [Fact]
    public void The_guide_lists_the_variables_that_there_are()
    {
        var listed = Table("docs/guides/github.md", "## What a run is told").Select(r => Codes(r[0])[0]).Order(StringComparer.Ordinal);
        string[] events = ["push", "pull_request", "release", "issues", "ping", "create", "delete", "workflow_run", "check_run"];
        Assert.Equal(listed, events.SelectMany(e => GithubFilter.Variables(Github(e)).Keys).Distinct().Order(StringComparer.Ordinal));
    }

    private static GithubFilter Read(string events, string more = "")
    {
        var faults = new FaultList();
        var filter = GithubFilter.Read(Open($$"""{"events":["{{events}}"]{{more}}}""", faults));
        Assert.True(faults.IsEmpty, Said(faults));
        return filter;
    }
}
