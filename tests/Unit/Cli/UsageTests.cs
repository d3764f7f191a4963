using System.CommandLine;
using Gofer.Cli;

namespace Gofer.Tests.Unit.Cli;

/// <summary>What a command line is refused for before anything is sent: a server is named that nobody runs, so whatever is sent ends with 3.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("pipeline delete .. --yes", "The pipeline '..' must start with a letter or a digit.")]
    [InlineData("pipeline delete . --yes", "The pipeline '.'")]
    [InlineData("pipeline get a/b", "The pipeline 'a/b' may hold letters")]
    [InlineData("namespace delete .. --yes --force", "The namespace '..'")]
    [InlineData("pipeline list -n ..", "--namespace '..'")]
    [InlineData("run ..", "The pipeline '..'")]
    [InlineData("cancel p ..", "The run '..' must be a number, or latest.")]
    [InlineData("watch p -- -1", "The run '-1'")]
    [InlineData("logs p latest ..", "The task '..'")]
    [InlineData("task cancel p 1 ../..", "The task '../..'")]
    [InlineData("deploy .. 1", "The pipeline '..'")]
    [InlineData("run list ..", "The pipeline '..'")]
    public async Task A_name_that_can_be_none_is_wrong_usage(string line, string said)
    {
        var (exit, error) = await GoferAsync(line);
        Assert.Equal(2, exit);
        Assert.StartsWith($"gofer: {said}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "Name the pipeline to run, or a document with --local PATH.")]
    [InlineData("run p --local x", "A run is of a pipeline of the server, or of a document with --local; both are given.")]
    [InlineData("run --local x --priority 3", "--priority means nothing without a server; leave it away with --local.")]
    [InlineData("run p --task t", "--task goes with --local PATH only.")]
    [InlineData("run p --env-file f", "--env-file goes with --local PATH only.")]
    public async Task A_run_is_of_the_server_or_local(string line, string said)
    {
        var (exit, error) = await GoferAsync(line);
        Assert.Equal(2, exit);
        Assert.StartsWith($"gofer: {said}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run p")]
    [InlineData("run list")]
    [InlineData("run get p 1")]
    [InlineData("pipeline get p")]
    [InlineData("task get p latest extract.12")]
    [InlineData("watch p 17")]
    public async Task A_name_that_can_be_one_is_asked_for(string line) => Assert.Equal(3, (await GoferAsync(line)).Exit);

    [Fact]
    public async Task An_empty_name_is_none_either()
    {
        var (exit, error) = await GoferAsync(["pipeline", "delete", "", "--yes"]);
        Assert.Equal(2, exit);
        Assert.Contains("The pipeline must not be empty.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pipelin list", "'gofer' knows no 'pipelin'. Did you mean 'pipeline'?", "gofer --help")]
    [InlineData("pipeline lst --limit 3", "'gofer pipeline' knows no 'lst'. Did you mean 'list'?", "gofer pipeline --help")]
    [InlineData("pipeline list --limt 3", "'gofer pipeline list' knows no '--limt'. Did you mean '--limit'?", "gofer pipeline list --help")]
    [InlineData("version one two", "'gofer version' knows no 'one'.", "gofer version --help")]
    public async Task Only_the_first_word_that_nobody_knows_is_to_blame(string line, string said, string more)
    {
        var (exit, error) = await GoferAsync(line);
        Assert.Equal(2, exit);
        Assert.Equal($"gofer: {said}\n  See '{more}'.\n", error);
    }

    private static Task<(int Exit, string Error)> GoferAsync(string line) => GoferAsync(line.Split(' '));

    private static async Task<(int Exit, string Error)> GoferAsync(string[] arguments)
    {
        using var error = new StringWriter();
        var exit = await App.RunAsync(
            ["--server", "http://127.0.0.1:1", .. arguments], new InvocationConfiguration { Output = TextWriter.Null, Error = error }, TestContext.Current.CancellationToken);
        return (exit, error.ToString());
    }
}
