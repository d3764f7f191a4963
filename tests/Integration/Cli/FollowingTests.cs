using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Following from the command line: what is shown, how it ends, and how one leaves.</summary>
public sealed class FollowingTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-cli-").FullName;
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_followed_run_that_fails_ends_with_5_and_shows_why()
    {
        await _area.RegisterAsync(Documents.Script("p", "echo working; echo 'no such table' >&2; exit 9"));
        var run = await GoferAsync(["run", "p", "--follow"]);
        Assert.Equal(5, run.Exit);
        Assert.Contains("t | working", run.Out, StringComparison.Ordinal);
        Assert.Contains("t ! no such table", run.Out, StringComparison.Ordinal);
        Assert.Contains("exit code 9", run.Error, StringComparison.Ordinal);
        Assert.Contains("  | no such table", run.Error, StringComparison.Ordinal);
        var watch = await GoferAsync(["watch", "p"]);
        Assert.Equal(5, watch.Exit);
        Assert.Contains("no such table", watch.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_followed_run_that_is_cancelled_ends_with_6()
    {
        await _area.RegisterAsync(Documents.Script("p", "echo ready; sleep 300"));
        await using var run = Start(["run", "p", "--follow"]);
        await run.SaysAsync("Run 1 of p");
        await _area.UntilAsync(new RunView { Pipeline = "p", Number = 1 }, "t", TaskState.Running);
        var cancelled = await GoferAsync(["cancel", "p", "--reason", "enough"]);
        Assert.Equal(0, cancelled.Exit);
        Assert.Matches("^Run 1 is (being )?cancelled", cancelled.Error); // the worker may be quicker than the answer
        Assert.Equal(6, await run.ExitAsync());
    }

    [Fact]
    public async Task Ctrl_C_ends_following_and_not_the_run_and_says_how_to_cancel()
    {
        await _area.RegisterAsync(Documents.Script("p", "echo ready; sleep 300"));
        await using var run = Start(["run", "p", "--follow"]);
        await run.SaysAsync("Run 1 of p");
        await _area.UntilAsync(new RunView { Pipeline = "p", Number = 1 }, "t", TaskState.Running);
        run.Signal("INT");
        Assert.Equal(1, await run.ExitAsync());
        Assert.Contains("Cancel it with: gofer cancel p 1", run.Error, StringComparison.Ordinal);
        Assert.Equal(RunState.Running, (await _area.Client.Runs.GetRunAsync(_area.Name, "p", "1", TestContext.Current.CancellationToken)).State);
        await GoferAsync(["cancel", "p"]);
        await _area.EndAsync(new RunView { Pipeline = "p", Number = 1 });
    }

    [Theory]
    [InlineData("watch", "p")]
    [InlineData("logs", "p", "latest", "-f")]
    public async Task Ctrl_C_ends_watching_too_and_says_how_to_cancel(params string[] command)
    {
        var run = await _area.RunScriptAsync("p", "echo ready; sleep 300");
        await _area.UntilAsync(run, "t", TaskState.Running);
        await using var following = Start(command);
        if (command[0] == "watch") await following.SaysAsync("Run 1 of p");
        else await following.PrintsAsync("ready");
        following.Signal("INT");
        Assert.Equal(1, await following.ExitAsync());
        Assert.Contains("The run goes on. Cancel it with: gofer cancel p 1", following.Error, StringComparison.Ordinal);
        await GoferAsync(["cancel", "p"]);
        await _area.EndAsync(run);
    }

    [Fact]
    public async Task Ctrl_C_on_a_terminal_gives_the_cursor_back()
    {
        var run = await _area.RunScriptAsync("p", "echo ready; sleep 300");
        await _area.UntilAsync(run, "t", TaskState.Running);
        await using var watch = GoferProcess.StartOnTerminal(["watch", "p"], Environment());
        await watch.PrintsAsync("running");
        await watch.TypeAsync("\x03");
        Assert.Equal(1, await watch.ExitAsync());
        Assert.Contains("Cancel it with: gofer cancel p 1", watch.Out, StringComparison.Ordinal);
        Assert.Contains("\e[?25l", watch.Out, StringComparison.Ordinal);
        Assert.True(watch.Out.LastIndexOf("\e[?25h", StringComparison.Ordinal) > watch.Out.LastIndexOf("\e[?25l", StringComparison.Ordinal), watch.Out);
        await GoferAsync(["cancel", "p"]);
        await _area.EndAsync(run);
    }

    [Fact]
    public async Task Latest_stays_the_run_that_it_was_when_following_began()
    {
        var go = Path.Combine(_folder, "go");
        var first = await _area.RunScriptAsync("p", $"echo \"this is run $GOFER_RUN_ID\"; while [ ! -e {go} ]; do sleep 0.05; done; exit 3");
        await _area.UntilAsync(first, "t", TaskState.Running);
        await using var watch = Start(["watch", "p"]);
        await watch.SaysAsync("Run 1 of p");
        var second = await _area.RunAsync("p");
        await _area.UntilAsync(second, "t", TaskState.Running);
        await File.WriteAllTextAsync(go, "", Ct);
        Assert.Equal(5, await watch.ExitAsync());
        Assert.Contains("  | this is run 1", watch.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("this is run 2", watch.Error, StringComparison.Ordinal);
        await _area.EndAsync(second);
    }

    [Fact]
    public async Task A_line_that_comes_in_pieces_is_one_line()
    {
        var go = Path.Combine(_folder, "go");
        await _area.RegisterAsync(Documents.Script("p", $"printf 'par\\303'; while [ ! -e {go} ]; do sleep 0.05; done; printf '\\251tial\\n'; printf end"));
        await using var run = Start(["run", "p", "--follow"]);
        await run.PrintsAsync("t | par");
        await File.WriteAllTextAsync(go, "", Ct);
        Assert.Equal(0, await run.ExitAsync());
        Assert.Equal("t | parétial\nt | end\n", run.Out);
        Assert.Equal("t | parétial\nt | end", (await GoferAsync(["logs", "p", "latest", "-f"])).Out.TrimEnd('\n'));
    }

    [Fact]
    public async Task What_comes_bit_by_bit_comes_as_lines_of_JSON_where_a_program_asks_for_it()
    {
        await _area.RegisterAsync(Documents.Script("p", "echo out; echo bad >&2; exit 9"));
        var run = await GoferAsync(["run", "p", "--follow", "-o", "jsonl"]);
        Assert.Equal(5, run.Exit);
        Assert.Equal(["stderr bad", "stdout out"], Lines(run.Out).Select(l => $"{l.GetProperty("stream")} {l.GetProperty("text")}").Order());
        var logs = await GoferAsync(["logs", "p", "latest", "t", "-f", "-o", "jsonl", "--stream", "stderr"]);
        Assert.Equal(0, logs.Exit);
        Assert.Equal("t bad", Assert.Single(Lines(logs.Out).Select(l => $"{l.GetProperty("task")} {l.GetProperty("text")}")));
        var rerun = await GoferAsync(["rerun", "p"]);
        Assert.Equal(0, rerun.Exit);
        var watch = await GoferAsync(["watch", "p", "2", "-o", "jsonl"]);
        Assert.Equal(5, watch.Exit);
        Assert.Equal("failed", Lines(watch.Out)[^1].GetProperty("run").GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("run", "p", "--follow", "-o", "json")]
    [InlineData("watch", "p", "-o", "name")]
    [InlineData("logs", "p", "-f", "-o", "json")]
    [InlineData("rerun", "p", "--follow", "-o", "json")]
    public async Task A_form_that_it_cannot_have_is_refused_before_anything_happens(params string[] command)
    {
        await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
        var refused = await GoferAsync(command);
        Assert.Equal(2, refused.Exit);
        Assert.Contains("lines of JSON with -o jsonl", refused.Error, StringComparison.Ordinal);
        Assert.Single((await _area.Client.Runs.ListRunsAsync(_area.Name, "p", cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task A_followed_run_that_prints_nothing_says_why_it_waits()
    {
        await _area.RegisterAsync(Documents.With("\"parallelism\":1", Documents.Script("p", "echo ready; sleep 300")));
        var first = await _area.RunAsync("p");
        await using var second = Start(["run", "p", "--follow"]);
        await second.SaysAsync("The run waits: The pipeline runs 1 runs at a time, and that many are active.");
        Assert.Equal(0, (await GoferAsync(["cancel", "p", "2"])).Exit);
        Assert.Equal(6, await second.ExitAsync());
        Assert.Equal(1, second.Count("The run waits:"));
        await GoferAsync(["cancel", "p", "1"]);
        await _area.EndAsync(first);
    }

    private static List<JsonElement> Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<JsonElement>(l))];

    private (string, string)[] Environment() => [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)];

    private GoferProcess Start(string[] arguments) => GoferProcess.Start(arguments, Environment());

    private Task<(int Exit, string Out, string Error)> GoferAsync(string[] arguments) => GoferProcess.RunAsync(arguments, Environment(), _folder);
}
