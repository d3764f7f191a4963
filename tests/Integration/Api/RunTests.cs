using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>The main job through the API: a document goes in, its tasks run in DAG order, the run says what came of it.</summary>
public sealed class RunTests(GoferServer server) : IAsyncLifetime
{
    private static readonly string[] TwoParents = ["a", "b"];
    private Area _area = null!;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The shape is the one that the original Gofer's Go SDK marshals: every member there, absent ones as null, conditions capitalised.</summary>
    [Fact]
    public async Task A_document_of_the_original_Go_SDK_registers_unchanged_and_runs()
    {
        const string Document =
            """
            {"id":"simple","name":"Simple","description":"A pipeline","parallelism":0,"tasks":[
              {"id":"fails","description":"","image":"ubuntu:latest","registry_auth":null,"depends_on":null,"variables":null,"entrypoint":null,
               "command":["sh","-c","echo broken; exit 3"],"inject_api_token":false,"always_pull_newest_image":false},
              {"id":"wants_success","description":"","image":"ubuntu:latest","registry_auth":null,"depends_on":{"fails":"Success"},"variables":{"A":"b"},
               "entrypoint":null,"command":["sh","-c","echo never"],"inject_api_token":false,"always_pull_newest_image":false},
              {"id":"wants_failure","description":"","image":"ubuntu:latest","registry_auth":null,"depends_on":{"fails":"Failure"},"variables":null,
               "entrypoint":null,"command":["sh","-c","echo cleaning up"],"inject_api_token":false,"always_pull_newest_image":false},
              {"id":"whatever","description":"","image":"ubuntu:latest","registry_auth":null,"depends_on":{"wants_success":"Any"},"variables":null,
               "entrypoint":null,"command":["sh","-c","echo anyway"],"inject_api_token":false,"always_pull_newest_image":false}],
             "triggers":null,"notifications":null}
            """;
        var registered = await _area.SendAsync(HttpMethod.Put, "pipelines/simple", Document);
        Assert.Equal((HttpStatusCode.Created, 1), (registered.Status, registered.Json.GetProperty("version").GetInt32()));

        var run = await _area.EndAsync(await _area.RunAsync("simple"));
        var tasks = await _area.TasksAsync(run);
        Assert.Equal((RunState.Failed, "task_failed"), (run.State, run.Reason));
        Assert.Equal((TaskState.Failed, "exit_code", 3), (tasks["fails"].State, tasks["fails"].Reason, tasks["fails"].ExitCode));
        Assert.Equal((TaskState.Skipped, "parent_outcome", "fails"), (tasks["wants_success"].State, tasks["wants_success"].Reason, tasks["wants_success"].SkippedBy));
        Assert.Equal(TaskState.Succeeded, tasks["wants_failure"].State);
        Assert.Equal(TaskState.Succeeded, tasks["whatever"].State);
        Assert.Equal("anyway\n"u8.ToArray(), await _area.LogAsync(run, "whatever"));
        Assert.Equal("broken\n"u8.ToArray(), await _area.LogAsync(run, "fails"));
    }

    [Fact]
    public async Task Tasks_start_after_their_parents_ended_and_what_they_say_is_in_the_story()
    {
        await _area.RegisterAsync(Of("dag", Step("a", "true"), Step("b", "true"), Step("join", "true", ("a", "success"), ("b", "any"))));
        var run = await _area.EndAsync(await _area.RunAsync("dag"));
        var tasks = await _area.TasksAsync(run);
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.All(TwoParents, p => Assert.True(tasks["join"].StartedAt >= tasks[p].EndedAt, $"join started before {p} ended"));

        var events = (await _area.Client.Runs.ListRunEventsAsync(_area.Name, "dag", "latest", cancellationToken: TestContext.Current.CancellationToken)).Items;
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.Seq));
        Assert.Equal(["run.created", "run.started"], events.Take(2).Select(e => e.Type));
        Assert.Equal("run.succeeded", events[^1].Type);
        Assert.Equal(["task.ready", "task.starting", "task.started", "task.succeeded"], events.Where(e => e.Task == "join").Select(e => e.Type));
    }

    [Fact]
    public async Task An_allowed_failure_does_not_fail_the_run_and_counts_as_a_failure_for_its_children()
    {
        var failing = Step("flaky", "exit 1");
        failing["allow_failure"] = true;
        await _area.RegisterAsync(Of("p", failing, Step("after", "true", ("flaky", "failure")), Step("not", "true", ("flaky", "success"))));
        var run = await _area.EndAsync(await _area.RunAsync("p"));
        var tasks = await _area.TasksAsync(run);
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal((TaskState.Failed, TaskState.Succeeded, TaskState.Skipped), (tasks["flaky"].State, tasks["after"].State, tasks["not"].State));
    }

    [Fact]
    public async Task A_tasks_environment_is_the_runs_over_the_tasks_and_the_systems_own()
    {
        const string Script = "echo \"$A $B $GOFER_NAMESPACE_ID $GOFER_PIPELINE_ID $GOFER_PIPELINE_VERSION $GOFER_RUN_ID $GOFER_TASK_ID $GOFER_TASK_IMAGE $GOFER_ATTEMPT\"";
        var task = Step("t", Script);
        task["variables"] = new System.Text.Json.Nodes.JsonObject { ["A"] = "task", ["B"] = "$HOME is not expanded  " };
        await _area.RegisterAsync(Of("env", task));
        var created = await _area.SendAsync(HttpMethod.Post, "pipelines/env/runs", """{"variables":{"A":"run"},"labels":{"team":"data"}}""");
        Assert.Equal((HttpStatusCode.Created, $"{_area.Path}/pipelines/env/runs/1"), (created.Status, created.Location?.ToString()));
        var run = await _area.EndAsync(await _area.Client.Runs.GetRunAsync(_area.Name, "env", "1", TestContext.Current.CancellationToken));
        Assert.Equal($"run $HOME is not expanded   {_area.Name} env 1 1 t busybox:latest 1\n", System.Text.Encoding.UTF8.GetString(await _area.LogAsync(run)));
        Assert.Equal("data", run.Labels["team"]);
    }

    [Fact]
    public async Task A_batch_is_created_whole_or_not_at_all()
    {
        await _area.RegisterAsync(Script("p", "true"));
        var refused = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/batch", """{"runs":[{},{"variables":{"GOFER_X":"1"}}]}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal(["/runs/1/variables/GOFER_X"], refused.Pointers);
        Assert.Empty((await _area.Client.Runs.ListRunsAsync(_area.Name, "p", cancellationToken: TestContext.Current.CancellationToken)).Items);

        var made = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/batch", """{"runs":[{},{},{"labels":{"n":"3"}}]}""");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal([1, 2, 3], made.Json.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("number").GetInt32()));
    }

    [Fact]
    public async Task A_batch_of_more_than_a_thousand_runs_is_refused_with_the_number()
    {
        await _area.RegisterAsync(Script("p", "true"));
        var body = $$"""{"runs":[{{string.Join(',', Enumerable.Repeat("{}", 1001))}}]}""";
        var refused = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/batch", body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal(["/runs"], refused.Pointers);
        Assert.Contains("1,000", refused.Body.Replace("1000", "1,000", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_page_by_page_and_by_their_filters()
    {
        await _area.RegisterAsync(Script("p", "exit $CODE"));
        foreach (var (code, label) in new[] { ("0", "a"), ("1", "a"), ("0", "b"), ("1", "b"), ("0", "b") })
        {
            var made = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", $$$"""{"variables":{"CODE":"{{{code}}}"},"labels":{"kind":"{{{label}}}"}}""");
            await _area.EndAsync(new RunView { Pipeline = "p", Number = made.Json.GetProperty("number").GetInt32() });
        }

        Assert.Equal([5, 4, 3, 2, 1], await PagesAsync("pipelines/p/runs?limit=2"));
        Assert.Equal([5, 4, 3, 2, 1], await PagesAsync("runs?limit=3"));
        Assert.Equal([4, 2], await PagesAsync("pipelines/p/runs?state=failed"));
        Assert.Equal([5, 4, 3, 2, 1], await PagesAsync("pipelines/p/runs?state=failed&state=succeeded&limit=2"));
        Assert.Equal([4], await PagesAsync("pipelines/p/runs?state=failed&label=kind:b"));
        Assert.Equal([5, 4, 3, 2, 1], await PagesAsync("pipelines/p/runs?version=1&trigger=manual"));
        Assert.Empty(await PagesAsync("pipelines/p/runs?created_after=2100-01-01T00:00:00Z"));
    }

    [Fact]
    public async Task The_graph_is_served_as_json_and_as_mermaid()
    {
        await _area.RegisterAsync(Of("g", Step("a", "true"), Step("b", "true", ("a", "success"))));
        await _area.EndAsync(await _area.RunAsync("g"));
        var json = await _area.SendAsync(HttpMethod.Get, "pipelines/g/runs/latest/graph");
        Assert.Equal("succeeded", json.Json.GetProperty("nodes")[0].GetProperty("state").GetString());
        Assert.Equal("""{"from":"a","to":"b","condition":"success"}""", json.Json.GetProperty("edges")[0].GetRawText());
        var mermaid = await _area.SendAsync(HttpMethod.Get, "pipelines/g/runs/latest/graph", null, ("Accept", "text/vnd.mermaid"));
        Assert.Equal("text/vnd.mermaid", mermaid.MediaType);
        Assert.StartsWith("flowchart", mermaid.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_of_parallel_runs_holds_the_next_one_back_until_one_ends()
    {
        await _area.RegisterAsync(Of("p", Step("t", "cat go")).Replace("\"tasks\"", "\"parallelism\":1,\"tasks\"", StringComparison.Ordinal).Replace("cat go", "sleep 300", StringComparison.Ordinal));
        var first = await _area.RunAsync("p");
        await _area.UntilAsync(first, "t", TaskState.Running);
        var second = await _area.RunAsync("p");
        Assert.Equal(RunState.Pending, second.State);
        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel");
        await _area.EndAsync(first);
        await _area.UntilAsync(second, "t", TaskState.Running);
        Assert.Equal(TaskState.Running, (await _area.TasksAsync(second))["t"].State);
        await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs/2/cancel");
        Assert.Equal(RunState.Cancelled, (await _area.EndAsync(second)).State);
    }

    private async Task<List<int>> PagesAsync(string path)
    {
        var numbers = new List<int>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await _area.SendAsync(HttpMethod.Get, path + (cursor.Length == 0 ? "" : $"{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}cursor={Uri.EscapeDataString(cursor)}"));
            Assert.Equal(HttpStatusCode.OK, page.Status);
            numbers.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("number").GetInt32()));
            cursor = page.Json.GetProperty("next_cursor").GetString();
        }

        return numbers;
    }
}
