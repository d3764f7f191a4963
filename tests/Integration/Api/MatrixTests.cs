using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>A task with a matrix: as many tasks as it has combinations, and one for what depends on it.</summary>
public sealed class MatrixTests(GoferServer server) : AreaTest(server)
{
    [Fact]
    public async Task There_is_an_instance_for_each_combination_with_its_values_in_its_environment()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo \"$SHARD $OS\"").And(""" "matrix":{"shard":["1","2"],"os":["linux","bsd"]} """)));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var listed = await Area.Client.Tasks.ListTasksAsync(Area.Name, "p", "1", cancellationToken: Ct);
        Assert.Equal(["t.1", "t.2", "t.3", "t.4"], listed.Items.Select(t => t.Id));
        Assert.Equal(["linux 1", "linux 2", "bsd 1", "bsd 2"], listed.Items.Select(t => $"{t.Matrix!["os"]} {t.Matrix["shard"]}"));
        Assert.Equal("2 linux\n", await TextAsync(run, "t.2"));
        Assert.Equal("1 bsd\n", await TextAsync(run, "t.3"));
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public async Task What_depends_on_it_waits_for_all_and_success_wants_every_one_failure_one()
    {
        await Area.RegisterAsync(Of(
            "p", Step("t", "[ $SHARD != 2 ]").And(""" "matrix":{"shard":["1","2","3"]} """),
            Step("all", "true", ("t", "success")), Step("broken", "true", ("t", "failure")), Step("whatever", "true", ("t", "any"))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var tasks = await Area.TasksAsync(run);
        Assert.Equal((RunState.Failed, "task_failed", "Task 't.2' failed."), (run.State, run.Reason, run.Message));
        Assert.Equal(
            (TaskState.Succeeded, TaskState.Failed, TaskState.Succeeded), (tasks["t.1"].State, tasks["t.2"].State, tasks["t.3"].State));
        Assert.Equal((TaskState.Skipped, "t", "Task 't' did not succeed."), (tasks["all"].State, tasks["all"].SkippedBy, tasks["all"].Message));
        Assert.Equal((TaskState.Succeeded, TaskState.Succeeded), (tasks["broken"].State, tasks["whatever"].State));
        Assert.All(["t.1", "t.2", "t.3"], id => Assert.True(tasks["broken"].StartedAt >= tasks[id].EndedAt));
    }

    [Fact]
    public async Task An_instance_may_be_tried_again_be_cancelled_or_wait_for_a_slot_by_itself()
    {
        await Area.RegisterAsync(Of("p", Step("t", "[ $SHARD != 1 ] || exit $((GOFER_ATTEMPT == 1)); sleep 300").And(
            """ "matrix":{"shard":["1","2"]},"retry":{"initial_delay":"0s"},"concurrency":{"key":"matrix{{shard}}","limit":1} """)));
        var run = await Area.RunAsync("p");
        await Area.UntilAsync(run, "t.2", TaskState.Running);
        await Area.UntilAsync(run, "t.1", TaskState.Succeeded);
        Assert.Equal(2, (await Area.TasksAsync(run))["t.1"].Attempts.Count);
        Assert.Equal(HttpStatusCode.OK, (await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/tasks/t.2/cancel")).Status);
        Assert.Equal("Task 't.2' was cancelled.", (await Area.EndAsync(run)).Message);
    }

    [Fact]
    public async Task Its_own_name_is_no_task_and_says_which_instances_there_are()
    {
        await Area.RegisterAsync(Of("p", Step("t", "true").And(""" "matrix":{"shard":["1","2","3"]} """)));
        await Area.EndAsync(await Area.RunAsync("p"));
        foreach (var path in new[] { "tasks/t", "tasks/t/logs" })
        {
            var missing = await Area.SendAsync(HttpMethod.Get, $"pipelines/p/runs/1/{path}");
            Assert.Equal((HttpStatusCode.NotFound, "task_not_found"), (missing.Status, missing.Code));
            Assert.Contains("'t.1' to 't.3'", missing.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await Area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1/tasks/t.4")).Status);
    }

    [Fact]
    public async Task The_graph_shows_instances_and_their_edges_and_no_join()
    {
        await Area.RegisterAsync(Of(
            "p", Step("a", "true"), Step("t", "true", ("a", "success")).And(""" "matrix":{"shard":["1","2"]} """), Step("z", "true", ("t", "any"))));
        await Area.EndAsync(await Area.RunAsync("p"));
        var graph = await Area.Client.Runs.GetRunGraphAsync(Area.Name, "p", "1", Ct);
        Assert.Equal(["a", "t.1", "t.2", "z"], graph.Nodes.Select(n => n.Id));
        Assert.Equal(["a>t.1", "a>t.2", "t.1>z", "t.2>z"], graph.Edges.Select(e => $"{e.From}>{e.To}").Order());
        var mermaid = await Area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1/graph", null, ("Accept", "text/vnd.mermaid"));
        Assert.Contains("t.2<br/>succeeded", mermaid.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_a_thousand_tasks_with_all_instances_are_refused_at_registration()
    {
        var values = string.Join(',', Enumerable.Range(0, 32).Select(i => $"\"{i}\""));
        var document = Of("p", Step("t", "true").And($$""" "matrix":{"a":[{{values}}],"b":[{{values}}]} """));
        var refused = await Area.SendAsync(HttpMethod.Put, "pipelines/p", document);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/tasks"), (refused.Status, Assert.Single(refused.Pointers)));
        Assert.Contains("There are 1024 tasks with every instance of each matrix; at most 1000 are allowed.", refused.Body, StringComparison.Ordinal);
    }
}
