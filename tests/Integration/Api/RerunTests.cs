using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Running a run again: from the start, or from what failed with the rest taken over by reference.</summary>
public sealed class RerunTests(GoferServer server) : AreaTest(server)
{
    /// <summary><c>b</c> fails in the first run only.</summary>
    private static string Mended => Of(
        "p", Step("a", "echo a of $GOFER_RUN_ID"), Step("b", "echo b of $GOFER_RUN_ID; [ $GOFER_RUN_ID != 1 ]", ("a", "success")),
        Step("c", "true", ("b", "success")), Step("mourn", "true", ("b", "failure")));

    [Fact]
    public async Task From_failed_runs_what_failed_and_what_follows_and_takes_the_rest_over()
    {
        await Area.RegisterAsync(Mended);
        Assert.Equal(RunState.Failed, (await Area.EndAsync(await Area.RunAsync("p"))).State);
        var plan = await RerunAsync("1", """{"from":"failed"}""", "?dry_run=true");
        Assert.Equal((HttpStatusCode.OK, 1), (plan.Status, plan.Json.GetProperty("version").GetInt32()));
        Assert.Equal(
            ["a reuse", "b run", "c run", "mourn run"],
            plan.Json.GetProperty("tasks").EnumerateArray().Select(t => $"{t.GetProperty("task").GetString()} {t.GetProperty("action").GetString()}"));
        Assert.Single((await Area.Client.Runs.ListRunsAsync(Area.Name, "p", cancellationToken: Ct)).Items); // a plan does nothing

        var made = await RerunAsync("latest", """{"from":"failed"}""");
        Assert.Equal((HttpStatusCode.Created, $"{Area.Path}/pipelines/p/runs/2"), (made.Status, made.Location?.ToString()));
        Assert.Equal((1, "rerun"), (made.Json.GetProperty("rerun_of").GetInt32(), made.Json.GetProperty("version_reason").GetString()));
        var run = await Area.EndAsync(new RunView { Pipeline = "p", Number = 2 });
        var tasks = await Area.TasksAsync(run);
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal((TaskState.Succeeded, 1L, 0), (tasks["a"].State, tasks["a"].ReusedFrom!.Value, tasks["a"].ExitCode!.Value));
        Assert.Equal((TaskState.Succeeded, TaskState.Succeeded, TaskState.Skipped), (tasks["b"].State, tasks["c"].State, tasks["mourn"].State));
        Assert.Null(tasks["b"].ReusedFrom);
        Assert.Equal("a of 1\n", await TextAsync(run, "a"));
        Assert.Equal("a of 1\n", await TextAsync(run, "a", "?attempt=1"));
        Assert.Equal("b of 2\n", await TextAsync(run, "b"));
        Assert.Contains("repeats run 1", Assert.Single(await ExplainAsync(run), w => w.About == "version").Message, StringComparison.Ordinal);
        var events = (await Area.Client.Runs.ListRunEventsAsync(Area.Name, "p", "2", cancellationToken: Ct)).Items;
        Assert.DoesNotContain(events, e => e.Task == "a" && e.Type is "task.ready" or "task.started" && e.Task == "a");
    }

    [Fact]
    public async Task A_task_that_was_taken_over_twice_is_still_that_of_the_run_where_it_ran()
    {
        await Area.RegisterAsync(Of("p", Step("a", "echo a of $GOFER_RUN_ID"), Step("b", "[ $GOFER_RUN_ID = 3 ]", ("a", "success"))));
        await Area.EndAsync(await Area.RunAsync("p"));
        for (var number = 2; number <= 3; number++)
        {
            await RerunAsync("latest", """{"from":"failed"}""");
            var run = await Area.EndAsync(new RunView { Pipeline = "p", Number = number });
            Assert.Equal(number == 3 ? RunState.Succeeded : RunState.Failed, run.State);
            Assert.Equal(1L, (await Area.TasksAsync(run))["a"].ReusedFrom);
            Assert.Equal("a of 1\n", await TextAsync(run, "a"));
        }
    }

    [Fact]
    public async Task Of_a_matrix_the_instances_that_succeeded_are_taken_over()
    {
        await Area.RegisterAsync(Of(
            "p", Step("t", "echo $SHARD of $GOFER_RUN_ID; [ $SHARD$GOFER_RUN_ID != 21 ]").And(""" "matrix":{"shard":["1","2","3"]} """), Step("z", "true", ("t", "success"))));
        await Area.EndAsync(await Area.RunAsync("p"));
        await RerunAsync("1", """{"from":"failed"}""");
        var run = await Area.EndAsync(new RunView { Pipeline = "p", Number = 2 });
        var tasks = await Area.TasksAsync(run);
        Assert.Equal((RunState.Succeeded, TaskState.Succeeded), (run.State, tasks["z"].State));
        Assert.Equal((1L, null, 1L), (tasks["t.1"].ReusedFrom, tasks["t.2"].ReusedFrom, tasks["t.3"].ReusedFrom));
        Assert.Equal("2 of 2\n", await TextAsync(run, "t.2"));
        Assert.Equal("3 of 1\n", await TextAsync(run, "t.3"));
    }

    [Fact]
    public async Task The_version_is_the_runs_own_or_the_live_one_or_the_one_that_is_named()
    {
        await Area.RegisterAsync(Script("p", "echo one"));
        await Area.EndAsync(await Area.RunAsync("p"));
        await Area.RegisterAsync(Script("p", "echo two"));
        foreach (var (body, version) in new[] { ("{}", 1), ("""{"version":"same"}""", 1), ("""{"version":"live","from":"start"}""", 2), ("""{"version":2}""", 2) })
        {
            Assert.Equal(version, (await RerunAsync("1", body)).Json.GetProperty("version").GetInt32());
        }

        Assert.Equal((HttpStatusCode.NotFound, "version_not_found"), Said(await RerunAsync("1", """{"version":9}""")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), Said(await RerunAsync("1", """{"version":"newest"}""")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), Said(await RerunAsync("1", """{"from":"middle"}""")));
        Assert.Equal((HttpStatusCode.BadRequest, "malformed_request"), Said(await RerunAsync("1", """{"version":true}""")));
        Assert.Equal((HttpStatusCode.NotFound, "run_not_found"), Said(await RerunAsync("99", "{}")));
    }

    [Fact]
    public async Task Another_versions_task_of_the_same_name_is_no_success_of_it()
    {
        await Area.RegisterAsync(Of("p", Step("a", "echo one"), Step("b", "exit 1", ("a", "success"))));
        await Area.EndAsync(await Area.RunAsync("p"));
        await Area.RegisterAsync(Of("p", Step("a", "echo two"), Step("b", "true", ("a", "success")), Step("new", "true")));
        await RerunAsync("1", """{"from":"failed","version":"live"}""");
        var run = await Area.EndAsync(new RunView { Pipeline = "p", Number = 2 });
        Assert.Equal((RunState.Succeeded, "two\n"), (run.State, await TextAsync(run, "a")));
        Assert.Null((await Area.TasksAsync(run))["a"].ReusedFrom);
    }

    [Fact]
    public async Task It_has_the_parameters_variables_labels_and_priority_of_the_first()
    {
        const string Params = "\"params\":[{\"name\":\"x\",\"type\":\"int\",\"default\":1},{\"name\":\"gone\",\"default\":\"g\"}]";
        var step = Step("t", "echo $X $V").And(""" "variables":{"X":"param{{x}}"} """);
        await Area.RegisterAsync(With(Params, Of("p", step)));
        await Area.EndAsync(await RunAsync("p", """{"params":{"x":5},"variables":{"V":"v"},"labels":{"team":"data"},"priority":9}"""));
        await RerunAsync("1", "{}");
        var run = await Area.EndAsync(new RunView { Pipeline = "p", Number = 2 });
        Assert.Equal(("5 v\n", "data", 9), (await TextAsync(run), run.Labels["team"], run.Priority));

        // A version that has dropped a parameter can repeat a run that had it; one that refuses a value cannot, and its plan says so too.
        await Area.RegisterAsync(With("\"params\":[{\"name\":\"x\",\"type\":\"int\"}]", Of("p", step.DeepClone().AsObject())));
        var live = await RerunAsync("1", """{"version":"live"}""");
        Assert.Equal((HttpStatusCode.Created, """{"x":5}"""), (live.Status, live.Json.GetProperty("params").GetRawText()));
        await Area.RegisterAsync(With("\"params\":[{\"name\":\"x\",\"type\":\"int\",\"choices\":[1,2]}]", Of("p", step.DeepClone().AsObject())));
        foreach (var query in new[] { "", "?dry_run=true" })
        {
            var refused = await RerunAsync("1", """{"version":"live"}""", query);
            Assert.Equal((HttpStatusCode.UnprocessableEntity, "/version"), (refused.Status, Assert.Single(refused.Pointers)));
            Assert.Contains("it must be one of 1, 2", refused.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_that_has_not_ended_is_not_run_again()
    {
        var run = await Area.RunScriptAsync("p", "sleep 300");
        foreach (var query in new[] { "", "?dry_run=true" }) Assert.Equal((HttpStatusCode.Conflict, "run_not_ended"), Said(await RerunAsync("1", "{}", query)));
        await CancelAsync(run);
        Assert.Equal(HttpStatusCode.Created, (await RerunAsync("1", "{}")).Status);
        await CancelAsync(new RunView { Pipeline = "p", Number = 2 });
    }

    [Fact]
    public async Task Where_nothing_failed_there_is_nothing_to_run_from_it()
    {
        await Area.RegisterAsync(Of("p", Step("a", "true"), Step("mourn", "true", ("a", "failure")), Step("wake", "true", ("mourn", "any"))));
        Assert.Equal(RunState.Succeeded, (await Area.EndAsync(await Area.RunAsync("p"))).State);
        Assert.Equal((HttpStatusCode.Conflict, "nothing_to_rerun"), Said(await RerunAsync("1", """{"from":"failed"}""")));
        await Area.RegisterAsync(Of("q", Step("a", "true"), Step("mourn", "true", ("a", "failure"))));
        await Area.EndAsync(await Area.RunAsync("q"));
        Assert.Equal((HttpStatusCode.Conflict, "nothing_to_rerun"), Said(await RerunAsync("1", """{"from":"failed"}""", pipeline: "q")));
        Assert.Equal(HttpStatusCode.Created, (await RerunAsync("1", "{}")).Status);
    }

    [Fact]
    public async Task The_same_key_gives_the_same_run()
    {
        await Area.EndAsync(await Area.RunScriptAsync("p", "true"));
        var first = await RerunAsync("1", "{}", headers: ("Idempotency-Key", "k"));
        var again = await RerunAsync("1", "{}", headers: ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Created, first.Body, true), (again.Status, again.Body, again.Replayed));
        Assert.Equal((HttpStatusCode.Conflict, "idempotency_key_reused"), Said(await RerunAsync("1", """{"version":"live"}""", headers: ("Idempotency-Key", "k"))));
        Assert.Equal(2, (await Area.Client.Runs.ListRunsAsync(Area.Name, "p", cancellationToken: Ct)).Items.Count);
    }

    private Task<Answer> RerunAsync(string run, string body, string query = "", string pipeline = "p", params (string Name, string Value)[] headers) =>
        Area.SendAsync(HttpMethod.Post, $"pipelines/{pipeline}/runs/{run}/rerun{query}", body, headers);

    private static (HttpStatusCode, string) Said(Answer answer) => (answer.Status, answer.Code);
}
