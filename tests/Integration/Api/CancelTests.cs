using System.Diagnostics;
using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Cancelling: what waits ends at once, what runs is stopped, and nothing starts afterwards.</summary>
public sealed class CancelTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_run_that_waits_ends_with_the_answer()
    {
        await _area.RegisterAsync(Script("p", "sleep 300").Replace("\"tasks\"", "\"parallelism\":1,\"tasks\"", StringComparison.Ordinal));
        await _area.UntilAsync(await _area.RunAsync("p"), "t", TaskState.Running);
        await _area.RunAsync("p");

        var cancelled = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/2/cancel", """{"reason":"not needed"}""");
        Assert.Equal(HttpStatusCode.OK, cancelled.Status);
        Assert.Equal(
            ("cancelled", "user_cancelled", "not needed"),
            (cancelled.Json.GetProperty("state").GetString(), cancelled.Json.GetProperty("reason").GetString(), cancelled.Json.GetProperty("message").GetString()));
        Assert.Equal(TaskState.Cancelled, (await _area.TasksAsync(new RunView { Pipeline = "p", Number = 2 }))["t"].State);

        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel");
        await _area.EndAsync(new RunView { Pipeline = "p", Number = 1 });
    }

    [Fact]
    public async Task A_running_run_ends_once_its_processes_are_gone_and_starts_nothing_more()
    {
        var (started, pids) = (Scratch("started"), Scratch("pids"));
        var tasks = Enumerable.Range(0, 6).Select(i => Step($"t{i}", $"echo $$ >> {pids}; sleep 300"))
            .Append(Step("child", $"touch {started}", ("t0", "any")))
            .ToArray();
        await _area.RegisterAsync(Of("p", tasks));
        var run = await _area.RunAsync("p");
        for (var i = 0; i < 6; i++) await _area.UntilAsync(run, $"t{i}", TaskState.Running);
        while (!File.Exists(pids) || (await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken)).Length < 6) await Task.Yield();

        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel", """{"reason":"wrong branch"}""");
        Assert.Equal(TaskState.Cancelled, (await _area.TasksAsync(run))["child"].State); // what had not started ends with the answer
        var ended = await _area.EndAsync(run);
        Assert.Equal((RunState.Cancelled, "user_cancelled"), (ended.State, ended.Reason));
        Assert.All((await _area.TasksAsync(run)).Values, t => Assert.Equal((TaskState.Cancelled, "user_cancelled"), (t.State, t.Reason)));
        Assert.All(await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken), pid => Assert.False(Directory.Exists($"/proc/{pid}"), $"Process {pid} lives on."));
        Assert.False(File.Exists(started));

        var events = await _area.Client.Runs.ListRunEventsAsync(_area.Name, "p", "1", limit: 500, cancellationToken: TestContext.Current.CancellationToken);
        var asked = events.Items.First(e => e.Type == "run.cancel_requested").Seq;
        Assert.DoesNotContain(events.Items, e => e.Seq > asked && e.Type is "task.ready" or "task.starting" && e.Seq > asked);
        File.Delete(pids);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_at_any_moment_of_its_start_ends()
    {
        await _area.RegisterAsync(Script("p", "sleep 300"));
        for (var i = 1; i <= 60; i++)
        {
            var run = await _area.RunAsync("p");
            var moment = Stopwatch.StartNew();
            while (moment.ElapsedMilliseconds < i % 30) await Task.Yield();
            await _area.SendAsync(HttpMethod.Post, $"pipelines/p/runs/{i}/cancel");
            Assert.Equal(RunState.Cancelled, (await _area.EndAsync(run)).State);
        }
    }

    [Fact]
    public async Task What_ignores_SIGTERM_is_killed_after_the_grace()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync("process", ("GOFER_WORKER__STOP_GRACE", "1s"));
        var run = await cluster.Area.RunScriptAsync("stubborn", "trap '' TERM; echo ready; while true; do sleep 0.1; done");
        await foreach (var line in cluster.Area.Client.Streams.LogsAsync("default", "stubborn", "1", "t", cancellationToken: TestContext.Current.CancellationToken))
        {
            Assert.Equal("ready", line.Text);
            break;
        }

        var watch = Stopwatch.StartNew();
        await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/stubborn/runs/1/cancel");
        var ended = await cluster.Area.EndAsync(run);
        Assert.Equal(RunState.Cancelled, ended.State);
        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(0.9), "It was killed before its grace was over.");
        Assert.Equal(TaskState.Cancelled, (await cluster.Area.TasksAsync(run))["t"].State);
    }

    [Fact]
    public async Task A_task_that_is_asked_to_stop_is_cancelled_even_if_it_then_succeeds()
    {
        var run = await _area.RunScriptAsync("p", "trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.05; done");
        await foreach (var line in _area.Client.Streams.LogsAsync(_area.Name, "p", "1", "t", cancellationToken: TestContext.Current.CancellationToken))
        {
            if (line.Text == "ready") await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/tasks/t/cancel");
        }

        var ended = await _area.EndAsync(run);
        var task = (await _area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Cancelled, "task_cancelled"), (ended.State, ended.Reason));
        Assert.Equal((TaskState.Cancelled, 0), (task.State, task.ExitCode));
        Assert.Equal("ready\nbye\n"u8.ToArray(), await _area.LogAsync(run, query: "?stream=stdout"));
    }

    [Fact]
    public async Task Cancelling_again_or_after_the_end_changes_nothing()
    {
        var run = await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
        var before = await _area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1");
        var again = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel", """{"reason":"late"}""");
        Assert.Equal((HttpStatusCode.OK, before.Body), (again.Status, again.Body));
        Assert.Equal(RunState.Succeeded, run.State);
    }

    private string Scratch(string name) => Path.Combine(Path.GetTempPath(), $"gofer-{name}-{_area.Name}");
}
