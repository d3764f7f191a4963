using System.Net;
using System.Text.Json.Nodes;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.SharedTasks;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.SharedTasks;

/// <summary>A server whose workers may call this machine.</summary>
public sealed class CallingServer : IAsyncLifetime
{
    private readonly GoferServer _server = new() { Settings = { ["Gofer:Outbound:Allow"] = "127.0.0.1" } };

    /// <summary>The server.</summary>
    internal GoferServer Server => _server;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => _server.InitializeAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>Shared tasks that are services, in runs.</summary>
public sealed class CallTests(CallingServer calling, GoferServer closed) : IClassFixture<CallingServer>, IAsyncLifetime
{
    private TaskServer _service = null!;
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await TaskServer.StartAsync(Ct);
        _area = await calling.Server.AreaAsync();
        await PlantAsync(_area, _service.Url, TaskServer.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _area.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task A_service_does_its_part_of_a_graph_beside_containers()
    {
        await _area.SendAsync(HttpMethod.Put, "secrets/word", """{"value":"correct horse"}""");
        await _area.RegisterAsync(Of(
            "p", Step("before", "true"), Uses("t", "succeed", """ "depends_on":{"before":"success"},"variables":{"A":"b"} """, "namespace_secret{{word}}"), Step("after", "true", ("t", "success"))));
        var run = await _area.EndAsync(await _area.RunAsync("p"));
        var task = (await _area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Succeeded, TaskState.Succeeded, 0), (run.State, task.State, task.ExitCode));
        Assert.Equal(("call", _service.Url.Authority, "echo@1", "1.4"), (task.Scheduler, task.Node, task.Uses, task.UsesVersion));
        var log = System.Text.Encoding.UTF8.GetString(await _area.LogAsync(run));
        Assert.Equal(["*** t 1 1.4", "a warning"], log.TrimEnd().Split('\n').Order());
        var asked = Assert.Single(_service.Starts);
        Assert.Equal(("correct horse", "succeed", "7"), (asked.Inputs["word"], asked.Inputs["do"], asked.Inputs["level"]));
        Assert.Equal((_area.Name, "p", "b"), (asked.Environment["GOFER_NAMESPACE_ID"], asked.Environment["GOFER_PIPELINE_ID"], asked.Environment["A"]));
        Assert.DoesNotContain(asked.Environment.Keys, k => k.StartsWith("INPUT_", StringComparison.Ordinal));
        Assert.Contains(asked.Attempt, _service.Forgotten);
    }

    [Fact]
    public async Task One_that_fails_is_tried_again_and_what_it_says_is_masked()
    {
        await _area.SendAsync(HttpMethod.Put, "secrets/word", """{"value":"correct horse"}""");
        await _area.RegisterAsync(Of("p", Uses("t", "fail", """ "retry":{"max_attempts":2,"initial_delay":"0s"} """, "namespace_secret{{word}}")));
        var run = await _area.EndAsync(await _area.RunAsync("p"));
        var task = (await _area.TasksAsync(run))["t"];
        Assert.Equal((TaskState.Failed, "exit_code", 3, 2), (task.State, task.Reason, task.ExitCode!.Value, task.Attempts.Count));
        Assert.Contains("It found ***.", task.Message, StringComparison.Ordinal);
        Assert.Equal(2, _service.Starts.Select(s => s.Attempt).Distinct().Count());
    }

    [Fact]
    public async Task One_that_will_never_start_fails_as_a_container_does_that_cannot()
    {
        await _area.SendAsync(HttpMethod.Put, "secrets/word", """{"value":"correct horse"}""");
        await _area.RegisterAsync(Of("p", Uses("t", "refuse", "", "namespace_secret{{word}}")));
        var task = (await _area.TasksAsync(await _area.EndAsync(await _area.RunAsync("p"))))["t"];
        Assert.Equal((TaskState.Failed, "scheduler_error", "The service refused to start it: No: ***"), (task.State, task.Reason, task.Message));
    }

    [Fact]
    public async Task A_cancel_reaches_it()
    {
        await _area.RegisterAsync(Of("p", Uses("t", "wait")));
        var run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "t", TaskState.Running);
        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel");
        run = await _area.EndAsync(run);
        var task = (await _area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Cancelled, TaskState.Cancelled, 143), (run.State, task.State, task.ExitCode));
    }

    [Fact]
    public async Task A_timeout_ends_it()
    {
        await _area.RegisterAsync(Of("p", Uses("t", "wait", """ "timeout":"500ms" """)));
        var task = (await _area.TasksAsync(await _area.EndAsync(await _area.RunAsync("p"))))["t"];
        Assert.Equal((TaskState.Failed, "timeout"), (task.State, task.Reason));
    }

    [Fact]
    public async Task One_that_forgot_an_attempt_lost_it_and_the_retry_policy_decides()
    {
        await _area.RegisterAsync(Of("p", Uses("t", "once", """ "retry":{"max_attempts":2,"initial_delay":"0s","on":["lost"]} """)));
        var run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "t", TaskState.Running);
        _service.Lose();
        run = await _area.EndAsync(run);
        var task = (await _area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Succeeded, 2, "lost"), (run.State, task.Attempt, task.Attempts[0].Reason));
        Assert.Equal("call", task.Attempts[0].Scheduler);
    }

    [Fact]
    public async Task A_worker_that_comes_after_another_goes_on_with_the_same_attempt()
    {
        await _area.RegisterAsync(Of("p", Uses("t", "wait")));
        var run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "t", TaskState.Running);
        await calling.Server.RestartAsync();
        _service.EndAll();
        run = await _area.EndAsync(run);
        Assert.Equal((RunState.Succeeded, 1), (run.State, (await _area.TasksAsync(run))["t"].Attempt));
        Assert.Single(_service.Starts);
    }

    [Fact]
    public async Task One_that_is_away_before_it_began_is_waited_for_and_the_task_says_so()
    {
        await _service.KillAsync();
        await _area.RegisterAsync(Of("p", Uses("t", "succeed")));
        var run = await _area.RunAsync("p");
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); (await _area.TasksAsync(run))["t"].Message?.Contains("is away or not ready for Start", StringComparison.Ordinal) is not true; await Task.Delay(50, Ct))
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "The task does not say that it waits for the service.");
        await _service.StartAgainAsync(Ct);
        Assert.Equal(RunState.Succeeded, (await _area.EndAsync(run)).State);
    }

    [Fact]
    public async Task What_the_operator_does_not_allow_is_not_called()
    {
        using var area = await closed.AreaAsync();
        await PlantAsync(area, _service.Url, TaskServer.Token);
        await area.RegisterAsync(Of("p", Uses("t", "succeed")));
        var task = (await area.TasksAsync(await area.EndAsync(await area.RunAsync("p"))))["t"];
        Assert.Equal((TaskState.Failed, "scheduler_error"), (task.State, task.Reason));
        Assert.Contains("outbound.allow", task.Message, StringComparison.Ordinal);
        Assert.Empty(_service.Starts);
    }

    /// <summary>The acceptance of shared tasks that are services: the example in Node, which knows of Gofer the proto alone.</summary>
    [Fact]
    public async Task The_example_in_Node_runs_in_a_graph_is_cancelled_and_is_tried_again_after_a_kill()
    {
        await using var example = await ExampleTask.StartAsync(Ct);
        await _area.SendAsync(HttpMethod.Put, "secrets/node", Json("value", ExampleTask.Token));
        foreach (var version in new[] { "2.1", "2.2" })
        {
            var put = await _area.SendAsync(HttpMethod.Put, "shared-tasks/lint", new JsonObject
            {
                ["version"] = version,
                ["inputs"] = JsonNode.Parse("""[{"name":"path"},{"name":"sleep_ms","type":"int","default":0},{"name":"fail","type":"bool","default":false}]"""),
                ["call"] = new JsonObject { ["endpoint"] = example.Url.ToString().TrimEnd('/'), ["task"] = "lint", ["token"] = "namespace_secret{{node}}" },
            }.ToJsonString());
            Assert.Equal(HttpStatusCode.Created, put.Status);
        }

        string Graph(int sleep, string fail = "false") => Of(
            "p", Step("before", "echo before"),
            Lint($$""" "path":"src","sleep_ms":{{sleep}},"fail":{{fail}} """), Step("after", "echo after", ("lint", "success")));
        var wrong = await _area.SendAsync(HttpMethod.Put, "pipelines/p", Of("p", Lint(""" "path":"src","sleep_ms":"soon" """)));
        Assert.Equal("/tasks/0/with/sleep_ms", Assert.Single(wrong.Pointers));

        await _area.RegisterAsync(Graph(50));
        var run = await _area.EndAsync(await _area.RunAsync("p"));
        var tasks = await _area.TasksAsync(run);
        Assert.Equal((RunState.Succeeded, "2.2", "call"), (run.State, tasks["lint"].UsesVersion, tasks["lint"].Scheduler));
        Assert.Equal("linting src\nno problems\n", System.Text.Encoding.UTF8.GetString(await _area.LogAsync(run, "lint")));
        Assert.Equal("2.2", run.SharedTasks!["lint@2"].Version);

        await _area.RegisterAsync(Graph(0, "true"));
        run = await _area.EndAsync(await _area.RunAsync("p"));
        Assert.Equal((RunState.Failed, 1), (run.State, (await _area.TasksAsync(run))["lint"].ExitCode));

        await _area.RegisterAsync(Graph(600_000));
        run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "lint", TaskState.Running);
        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/3/cancel");
        run = await _area.EndAsync(run);
        Assert.Equal((RunState.Cancelled, 143), (run.State, (await _area.TasksAsync(run))["lint"].ExitCode));

        await _area.RegisterAsync(Graph(3_000));
        run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "lint", TaskState.Running);
        await example.KillAsync();
        await example.StartAgainAsync(Ct);
        run = await _area.EndAsync(run);
        var lint = (await _area.TasksAsync(run))["lint"];
        Assert.Equal((RunState.Succeeded, 2, "lost", "2.2"), (run.State, lint.Attempt, lint.Attempts[0].Reason, lint.UsesVersion));

        var refused = await _area.SendAsync(HttpMethod.Delete, "shared-tasks/lint");
        Assert.Equal((HttpStatusCode.Conflict, "shared_task_in_use"), (refused.Status, refused.Code));
        Assert.Contains($"{_area.Name}/p", refused.Body, StringComparison.Ordinal);

        static JsonObject Lint(string with) => new JsonObject { ["id"] = "lint", ["uses"] = "lint@2" }
            .And($$""" "with":{ {{with}} },"retry":{"max_attempts":3,"initial_delay":"0s","on":["lost"]} """);
    }

    private static async Task PlantAsync(Area area, Uri url, string token)
    {
        await area.SendAsync(HttpMethod.Put, "secrets/token", Json("value", token));
        foreach (var version in new[] { "1.3", "1.4" })
        {
            var put = await area.SendAsync(HttpMethod.Put, "shared-tasks/echo", new JsonObject
            {
                ["version"] = version,
                ["inputs"] = JsonNode.Parse("""[{"name":"do"},{"name":"word","default":"hello"},{"name":"level","type":"int","default":7}]"""),
                ["call"] = new JsonObject { ["endpoint"] = url.ToString().TrimEnd('/'), ["task"] = "echo", ["token"] = "namespace_secret{{token}}" },
            }.ToJsonString());
            Assert.Equal(HttpStatusCode.Created, put.Status);
        }
    }

    private static string Json(string name, string value) => new JsonObject { [name] = value }.ToJsonString();

    private static JsonObject Uses(string id, string does, string more = "", string word = "hello") => new JsonObject
    {
        ["id"] = id,
        ["uses"] = "echo@1",
        ["with"] = new JsonObject { ["do"] = does, ["word"] = word },
    }.And(more);
}
