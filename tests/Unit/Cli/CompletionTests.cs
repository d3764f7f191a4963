using Gofer.Cli.Completion;

namespace Gofer.Tests.Unit.Cli;

/// <summary>What TAB offers where no server is needed; what the shells make of it is tested with the shells.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("pip", "pipeline")]
    [InlineData("pipeline |", "list get versions delete")]
    [InlineData("pipeline li", "list")]
    [InlineData("comple", "completion")] // and not the hidden one
    [InlineData("logs --st", "--stream")]
    [InlineData("logs --stream |", "stdout stderr")]
    [InlineData("logs --stream=std", "--stream=stdout --stream=stderr")]
    [InlineData("logs --stream = std", "stdout stderr")] // as bash parts it
    [InlineData("logs --stream =", "stdout stderr")]
    [InlineData("-o |", "table json jsonl name")]
    [InlineData("dev --scheduler p", "process")]
    [InlineData("rerun p 1 --from |", "start failed")]
    [InlineData("run list --state f", "failed")]
    [InlineData("completion |", "bash zsh fish pwsh")]
    [InlineData("config worker.po", "worker.poll worker.poison_limit")]
    [InlineData("up |", ":files")]
    [InlineData("--config |", ":files")]
    [InlineData("nothing such |", "")]
    [InlineData("pipeline list --server http://127.0.0.1:1 --names", "--namespace")]
    [InlineData("--server http://127.0.0.1:1 pipeline get |", "")] // no server, no names, no complaint
    [InlineData("-n a..b pipeline get |", "")]
    public async Task The_words_that_may_stand_next_are_offered(string line, string expected)
    {
        var words = line.Split(' ').Select(w => w == "|" ? "" : w).ToList();
        var found = await Completer.CompleteAsync(words, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), found.Select(s => s.Word).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_option_that_was_given_is_not_offered_again()
    {
        var found = (await Completer.CompleteAsync(["run", "p", "--follow", "--"], TestContext.Current.CancellationToken)).Select(s => s.Word).ToList();
        Assert.DoesNotContain("--follow", found);
        Assert.Contains("--param", found);
        Assert.Contains("--namespace", found);
        Assert.All(found, w => Assert.StartsWith("--", w, StringComparison.Ordinal));
    }
}
