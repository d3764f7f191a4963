using System.Net;
using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>What may run at a time and what goes first: of a pipeline, under a key, in a namespace, in the install.</summary>
public sealed class LimitTests(GoferServer server) : AreaTest(server)
{
    [Fact]
    public async Task With_cancel_oldest_a_new_run_takes_the_oldest_ones_place()
    {
        await Area.RegisterAsync(With("\"parallelism\":1,\"on_limit\":\"cancel_oldest\"", Script("p", "sleep 300")));
        var first = await Area.RunAsync("p");
        await Area.UntilAsync(first, "t", TaskState.Running);
        var second = await Area.RunAsync("p");
        var ended = await Area.EndAsync(first);
        Assert.Equal((RunState.Cancelled, "superseded", "A newer run took its place."), (ended.State, ended.Reason, ended.Message));
        await Area.UntilAsync(second, "t", TaskState.Running);
        await CancelAsync(second);
    }

    [Fact]
    public async Task With_skip_a_run_that_finds_no_room_ends_superseded_and_is_kept()
    {
        await Area.RegisterAsync(With("\"parallelism\":1,\"on_limit\":\"skip\"", Script("p", "sleep 300")));
        var first = await Area.RunAsync("p");
        var second = await Area.RunAsync("p");
        Assert.Equal((RunState.Cancelled, "superseded"), (second.State, second.Reason));
        Assert.Contains("its on_limit is skip", second.Message, StringComparison.Ordinal);
        Assert.Equal((TaskState.Cancelled, "superseded", 0), Of((await Area.TasksAsync(second))["t"]));
        var why = Assert.Single(await ExplainAsync(second), w => w.Task is null && w.About != "version");
        Assert.Equal(("cancelled", "superseded"), (why.About, why.Code));
        await CancelAsync(first);
        Assert.NotEqual(RunState.Cancelled, (await Area.RunAsync("p")).State);
        await CancelAsync(new RunView { Pipeline = "p", Number = 3 });

        static (TaskState, string?, int) Of(TaskView task) => (task.State, task.Reason, task.Attempt);
    }

    [Fact]
    public async Task A_paused_pipelines_waiting_runs_wait_and_start_when_it_is_resumed()
    {
        await Area.RegisterAsync(With("\"parallelism\":1", Script("p", "[ $GOFER_RUN_ID != 1 ] || sleep 300")));
        await Area.RegisterAsync(Script("barrier", "true"));
        var first = await Area.RunAsync("p");
        var second = await Area.RunAsync("p");
        await Area.SendAsync(HttpMethod.Patch, "pipelines/p", """{"state":"paused"}""");
        await CancelAsync(first);
        await Area.EndAsync(await Area.RunAsync("barrier")); // by now whatever lets runs in has been there
        Assert.Equal(RunState.Pending, (await ReadAsync(second)).State);
        Assert.Equal("pipeline_paused", Assert.Single(await ExplainAsync(second), w => w.About == "waiting").Code);
        Assert.Equal("pipeline_paused", (await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs")).Code);

        await Area.SendAsync(HttpMethod.Patch, "pipelines/p", """{"state":"active"}""");
        Assert.Equal(RunState.Succeeded, (await Area.EndAsync(second)).State);
    }

    [Fact]
    public async Task A_raised_parallelism_is_used_at_once()
    {
        await Area.RegisterAsync(With("\"parallelism\":1", Script("p", "sleep 300")));
        var runs = new List<RunView>();
        for (var i = 0; i < 3; i++) runs.Add(await Area.RunAsync("p"));
        Assert.Equal([RunState.Running, RunState.Pending, RunState.Pending], runs.Select(r => r.State));
        await Area.RegisterAsync(With("\"parallelism\":3", Script("p", "sleep 300")));
        foreach (var run in runs) await Area.UntilAsync(run, "t", TaskState.Running);
        Assert.All(runs, r => Assert.Equal(1, r.Version)); // the live version's number counts for runs of the others too
        await CancelAsync([.. runs]);
    }

    [Fact]
    public async Task A_concurrency_key_is_made_of_the_runs_parameters()
    {
        await Area.RegisterAsync(With("\"params\":[{\"name\":\"region\"}]", Of("p", Step("t", "sleep 300").And(""" "concurrency":{"key":"db-param{{region}}","limit":1} """))));
        var eu = await RunAsync("p", """{"params":{"region":"eu"}}""");
        var us = await RunAsync("p", """{"params":{"region":"us"}}""");
        await Area.UntilAsync(eu, "t", TaskState.Running);
        await Area.UntilAsync(us, "t", TaskState.Running);
        var third = await RunAsync("p", """{"params":{"region":"eu"}}""");
        var held = (await Area.TasksAsync(third))["t"];
        Assert.Equal((TaskState.Waiting, "concurrency"), (held.State, held.WaitingFor));
        var why = Assert.Single(await ExplainAsync(third), w => w.Task == "t");
        Assert.Equal(("waiting", "limit", "concurrency db-eu", 1), (why.About, why.Code, why.Limit!.Name, why.Limit.Value));
        Assert.Equal([("p", 1L)], why.HeldBy.Select(h => (h.Pipeline, h.Run)));

        await CancelAsync(eu);
        await Area.UntilAsync(third, "t", TaskState.Running);
        await CancelAsync(us, third);
    }

    [Fact]
    public async Task A_deployed_concurrency_limit_is_in_force_at_once_and_leaves_other_keys_alone()
    {
        static string Keyed(string id, string key, int limit) => With(
            "\"params\":[{\"name\":\"x\",\"default\":\"1\"}]", Of(id, Step("t", "sleep 300").And($$$""" "concurrency":{"key":"{{{key}}}","limit":{{{limit}}}} """)));
        await Area.RegisterAsync(Keyed("p", "a_param{{x}}", 1));
        var (first, second) = (await Area.RunAsync("p"), await Area.RunAsync("p"));
        await Area.UntilAsync(first, "t", TaskState.Running);
        Assert.Equal("concurrency", (await Area.TasksAsync(second))["t"].WaitingFor);
        await Area.RegisterAsync(Keyed("p", "a_param{{x}}", 2));
        await Area.UntilAsync(second, "t", TaskState.Running);

        // Its task has another key now; the number of the first one, which others may have too, stays.
        await Area.RegisterAsync(Keyed("q", "a_1", 2));
        await Area.RegisterAsync(Keyed("p", "b_param{{x}}", 9));
        var other = await Area.RunAsync("q");
        var why = Assert.Single(await ExplainAsync(other), w => w.Task == "t");
        Assert.Equal(("concurrency a_1", 2), (why.Limit?.Name, why.Limit?.Value));
        Assert.Equal([("p", 1L), ("p", 2L)], why.HeldBy.Select(h => (h.Pipeline, h.Run)));
        await CancelAsync(other, first, second);
    }

    [Fact]
    public async Task A_namespaces_limit_holds_its_tasks_back_and_lets_them_go_when_it_is_lifted()
    {
        var set = await Area.SendAsync(HttpMethod.Patch, Area.Path, """{"task_limit":1,"weight":3}""");
        Assert.Equal((1, 3), (set.Json.GetProperty("task_limit").GetInt32(), set.Json.GetProperty("weight").GetInt32()));
        await Area.RegisterAsync(Script("p", "sleep 300"));
        var (first, second) = (await Area.RunAsync("p"), await Area.RunAsync("p"));
        await Area.UntilAsync(first, "t", TaskState.Running);
        var why = Assert.Single(await ExplainAsync(second), w => w.Task == "t");
        Assert.Equal(("limit", "namespace", 1), (why.Code, why.Limit!.Name, why.Limit.Value));
        Assert.Equal([("p", 1L)], why.HeldBy.Select(h => (h.Pipeline, h.Run)));

        Assert.Equal(0, (await Area.SendAsync(HttpMethod.Patch, Area.Path, """{"task_limit":0}""")).Json.GetProperty("task_limit").GetInt32());
        await Area.UntilAsync(second, "t", TaskState.Running);
        await CancelAsync(first, second);
    }

    [Theory]
    [InlineData("PATCH", "", """{"task_limit":-1}""", "/task_limit")]
    [InlineData("PUT", "", """{"task_limit":1000001}""", "/task_limit")]
    [InlineData("PATCH", "", """{"weight":0}""", "/weight")]
    [InlineData("PATCH", "", """{"weight":1001}""", "/weight")]
    [InlineData("POST", "/api/v1/namespaces", """{"id":"never","weight":-3}""", "/weight")]
    [InlineData("PATCH", "/api/v1/system", """{"task_limit":-1}""", "/task_limit")]
    [InlineData("PATCH", "/api/v1/system", """{"task_limti":1}""", "/task_limti")]
    public async Task A_limit_that_cannot_be_is_refused_with_its_place(string method, string path, string body, string pointer)
    {
        var refused = await Area.SendAsync(new HttpMethod(method), path.Length == 0 ? Area.Path : path, body);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (refused.Status, refused.Code));
        Assert.Equal([pointer], refused.Pointers);
    }

    [Fact]
    public async Task The_installs_limit_is_read_and_set()
    {
        try
        {
            // Large, since it is over every other test's tasks too.
            Assert.Equal(50_000, (await Area.SendAsync(HttpMethod.Patch, "/api/v1/system", """{"task_limit":50000}""")).Json.GetProperty("task_limit").GetInt32());
            Assert.Equal(50_000, (await Area.SendAsync(HttpMethod.Get, "/api/v1/system")).Json.GetProperty("task_limit").GetInt32());
            Assert.Equal(50_000, (await Area.SendAsync(HttpMethod.Patch, "/api/v1/system", "{}")).Json.GetProperty("task_limit").GetInt32());
            Assert.Equal(RunState.Succeeded, (await Area.EndAsync(await Area.RunScriptAsync("p", "true"))).State);
        }
        finally
        {
            await Area.SendAsync(HttpMethod.Patch, "/api/v1/system", """{"task_limit":0}""");
        }
    }

    [Fact]
    public async Task Of_what_waits_the_highest_priority_starts_first()
    {
        await using var cluster = await GoferCluster.StartAsync();
        var area = cluster.Area;
        await area.RegisterAsync(With("\"priority\":-5", Script("low", "true")));
        await area.RegisterAsync(Script("usual", "true"));
        var runs = new List<RunView>();
        foreach (var (pipeline, body) in new[] { ("low", "{}"), ("usual", "{}"), ("usual", """{"priority":7}"""), ("low", """{"priority":100}""") })
        {
            runs.Add(JsonSerializer.Deserialize<RunView>((await area.SendAsync(HttpMethod.Post, $"pipelines/{pipeline}/runs", body)).Body)!);
        }

        Assert.Equal([-5, 0, 7, 100], runs.Select(r => r.Priority));
        var why = Assert.Single((await area.Client.Runs.ExplainRunAsync("default", "low", "1", Ct)).Items, w => w.Task == "t");
        Assert.Equal(("waiting", "queued"), (why.About, why.Code));
        Assert.Contains("no worker is alive", why.Message, StringComparison.Ordinal);

        await cluster.WorkerAsync("process", ("GOFER_WORKER__CAPACITY", "1"));
        var starts = new List<(int Priority, DateTimeOffset? StartedAt)>();
        foreach (var run in runs)
        {
            await area.EndAsync(run);
            starts.Add((run.Priority, (await area.TasksAsync(run))["t"].StartedAt));
        }

        Assert.Equal([100, 7, 0, -5], starts.OrderBy(s => s.StartedAt).Select(s => s.Priority));
        var refused = await area.SendAsync(HttpMethod.Post, "pipelines/usual/runs", """{"priority":101}""");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/priority"), (refused.Status, Assert.Single(refused.Pointers)));
    }
}
