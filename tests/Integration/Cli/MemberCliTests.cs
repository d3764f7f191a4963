using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Parameters, priorities, attempts, reruns, whys and limits at the command line.</summary>
public sealed class MemberCliTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_run_takes_parameters_as_text_and_a_priority()
    {
        await _area.RegisterAsync(With(
            "\"params\":[{\"name\":\"count\",\"type\":\"int\"},{\"name\":\"dry\",\"type\":\"bool\",\"default\":true}]",
            Of("p", Step("t", "echo $COUNT $DRY").And(""" "variables":{"COUNT":"param{{count}}","DRY":"param{{dry}}"} """))));
        var ran = await GoferAsync("run", "p", "-p", "count=3", "--param", "dry=false", "--priority", "-7", "--follow");
        Assert.Equal(0, ran.Exit);
        Assert.Contains("t | 3 false", ran.Out, StringComparison.Ordinal);
        Assert.Equal(-7, (await _area.Client.Runs.GetRunAsync(_area.Name, "p", "1", Ct)).Priority);

        var refused = await GoferAsync("run", "p", "-p", "count=many");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("The parameter 'count' must be a whole number", refused.Error, StringComparison.Ordinal);
        Assert.Contains("must be KEY=VALUE", (await GoferAsync("run", "p", "-p", "count")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await GoferAsync("run", "p", "--priority", "high")).Exit);
    }

    [Fact]
    public async Task Attempts_are_shown_and_have_logs_of_their_own()
    {
        await _area.RegisterAsync(Of("p", Step("t", "echo try $GOFER_ATTEMPT; exit $((2 - GOFER_ATTEMPT))").And(""" "retry":{"initial_delay":"0s"},"matrix":{"os":["bsd"]} """)));
        Assert.Equal(0, (await GoferAsync("run", "p", "--follow")).Exit);
        Assert.Contains("os=bsd, attempt 2", (await GoferAsync("task", "list", "p")).Out, StringComparison.Ordinal);
        var got = (await GoferAsync("task", "get", "p", "1", "t.1")).Out;
        Assert.Contains("ATTEMPT  REASON", got, StringComparison.Ordinal);
        Assert.Contains("1        exit_code  1", got, StringComparison.Ordinal);
        Assert.Contains("os=bsd, attempt 2", (await GoferAsync("run", "get", "p", "1")).Out, StringComparison.Ordinal);
        Assert.Equal("try 1\n", (await GoferAsync("logs", "p", "1", "t.1", "--attempt", "1")).Out);
        Assert.Equal("try 2", (await GoferAsync("logs", "p", "1", "t.1", "--attempt", "2", "-f")).Out.TrimEnd('\n'));
        Assert.Equal(2, (await GoferAsync("logs", "p", "1", "--attempt", "1")).Exit);
    }

    [Fact]
    public async Task Whoever_watches_sees_when_the_next_attempt_is_due()
    {
        await _area.RegisterAsync(Of("p", Step("t", "exit 3").And(""" "retry":{"initial_delay":"7d","max_delay":"7d"} """)));
        var run = await _area.RunAsync("p");
        await foreach (var update in _area.Client.Streams.RunAsync(_area.Name, "p", "1", Ct))
        {
            if (update.Task is { WaitingFor: "retry" }) break;
        }

        Assert.Matches("t +waiting .*attempt 2 at [0-9:]+Z: Attempt 1 failed", (await GoferAsync("run", "get", "p", "1")).Out);
        Assert.Contains("retry", (await GoferAsync("explain", "p")).Out, StringComparison.Ordinal);
        await GoferAsync("cancel", "p");
        await _area.EndAsync(run);
    }

    [Fact]
    public async Task A_rerun_from_failed_is_planned_made_and_followed()
    {
        await _area.RegisterAsync(Of("p", Step("a", "echo a of $GOFER_RUN_ID"), Step("b", "[ $GOFER_RUN_ID != 1 ]", ("a", "success"))));
        Assert.Equal(5, (await GoferAsync("run", "p", "--follow")).Exit);
        var plan = await GoferAsync("rerun", "p", "--from", "failed", "--dry-run");
        Assert.Equal(0, plan.Exit);
        Assert.Matches("a +reuse +It succeeded in run 1", plan.Out);
        Assert.Contains("1 of 2 tasks would run. Nothing was started.", plan.Error, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await GoferAsync("rerun", "p", "1", "--dry-run", "-o", "json")).Out);
        Assert.Equal("run", json.RootElement.GetProperty("tasks")[0].GetProperty("action").GetString());
        Assert.Single((await _area.Client.Runs.ListRunsAsync(_area.Name, "p", cancellationToken: Ct)).Items);

        var rerun = await GoferAsync("rerun", "p", "1", "--from", "failed", "--version", "same", "--follow", "--idempotency-key", "k");
        Assert.Equal(0, rerun.Exit);
        Assert.Contains("taken over from run 1", rerun.Error, StringComparison.Ordinal);
        Assert.Contains("taken over from run 1", (await GoferAsync("task", "list", "p", "2")).Out, StringComparison.Ordinal);
        Assert.Equal("2\n", (await GoferAsync("rerun", "p", "1", "--from", "failed", "--version", "same", "--idempotency-key", "k", "-o", "name")).Out);
        Assert.Equal("3\n", (await GoferAsync("rerun", "p", "--version", "1", "-o", "name")).Out);
        await _area.EndAsync(new RunView { Pipeline = "p", Number = 3 });
    }

    [Fact]
    public async Task A_rerun_that_cannot_be_says_why_and_a_wrong_word_is_wrong_usage()
    {
        await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
        var nothing = await GoferAsync("rerun", "p", "--from", "failed");
        Assert.Equal(1, nothing.Exit);
        Assert.Contains("Rerun it from the start", nothing.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await GoferAsync("rerun", "p", "--from", "middle")).Exit);
        var newest = await GoferAsync("rerun", "p", "--version", "newest");
        Assert.Equal(2, newest.Exit);
        Assert.Contains("it must be same, live or a number", newest.Error, StringComparison.Ordinal);
        Assert.Contains("has no run 9", (await GoferAsync("rerun", "p", "9", "--dry-run")).Error, StringComparison.Ordinal);
        Assert.Equal(3, (await GoferProcess.RunAsync(["rerun", "p", "--dry-run", "--server", "http://127.0.0.1:1"])).Exit);
    }

    [Fact]
    public async Task Explain_names_the_limit_and_who_has_it()
    {
        await _area.RegisterAsync(With("\"parallelism\":1", Script("p", "sleep 300")));
        var (first, second) = (await _area.RunAsync("p"), await _area.RunAsync("p"));
        Assert.Matches(@"\(run\) +waiting +parallelism +parallelism 1 +p/1 +The pipeline runs 1 runs at a time", (await GoferAsync("explain", "p", "2")).Out);
        var lines = (await GoferAsync("explain", "p", "-o", "jsonl")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["version", "waiting"], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("about").GetString()));
        using var json = JsonDocument.Parse((await GoferAsync("explain", "p", "-o", "json")).Out);
        Assert.Equal(1, json.RootElement[1].GetProperty("held_by")[0].GetProperty("run").GetInt32());
        foreach (var number in new[] { "2", "1" }) await GoferAsync("cancel", "p", number);
        await _area.EndAsync(first);
        await _area.EndAsync(second);
    }

    [Fact]
    public async Task Limits_and_shares_of_a_namespace_are_set()
    {
        var name = $"{_area.Name}-x";
        Assert.Equal(0, (await GoferAsync("namespace", "create", name, "--task-limit", "5", "--weight", "2", "-d", "Data.")).Exit);
        Assert.Matches($"{name} +5 +2 +Data.", (await GoferAsync("namespace", "get", name)).Out);
        Assert.Matches($"{name} +7 +2 +Data.", (await GoferAsync("namespace", "set", name, "--task-limit", "7")).Out);
        Assert.Matches($"{name} +none +3 +Data.", (await GoferAsync("namespace", "set", name, "--task-limit", "0", "--weight", "3")).Out);
        Assert.Equal(2, (await GoferAsync("namespace", "set", name)).Exit);
        var refused = await GoferAsync("namespace", "set", name, "--weight", "0");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("weight must be from 1 to 1000", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_installs_limit_is_read_and_refused_where_it_cannot_be()
    {
        using var json = JsonDocument.Parse((await GoferAsync("system", "get", "-o", "json")).Out);
        Assert.Equal(JsonValueKind.Number, json.RootElement.GetProperty("task_limit").ValueKind);
        Assert.Contains("process", (await GoferAsync("system", "get")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await GoferAsync("system", "set")).Exit);
        var refused = await GoferAsync("system", "set", "--task-limit", "-1");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("'task_limit' must be from 0", refused.Error, StringComparison.Ordinal);
        await using var cluster = await GoferCluster.StartAsync(); // its own, since the limit is over everyone's tasks
        var set = await GoferProcess.RunAsync(["system", "set", "--task-limit", "9", "-o", "json", "--server", cluster.Area.Http.BaseAddress!.ToString()]);
        Assert.Equal(0, set.Exit);
        Assert.Equal(9, (await cluster.Area.Client.System.GetSystemAsync(Ct)).TaskLimit);
    }

    private Task<(int Exit, string Out, string Error)> GoferAsync(params string[] arguments) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)]);
}
