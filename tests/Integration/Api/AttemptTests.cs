using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Attempts: what is tried again and what is stopped for taking too long.</summary>
public sealed class AttemptTests(GoferServer server) : AreaTest(server)
{
    private const string Quick = """ "retry":{"max_attempts":3,"initial_delay":"20ms"} """;

    [Fact]
    public async Task A_task_that_fails_twice_and_then_succeeds_keeps_every_attempt_with_its_output()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo try $GOFER_ATTEMPT; exit $((3 - GOFER_ATTEMPT))").And(Quick), Step("after", "true", ("t", "success"))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var task = (await Area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Succeeded, TaskState.Succeeded, 3, 0), (run.State, task.State, task.Attempt, task.ExitCode));
        Assert.Equal(
            [(1, "exit_code", 2), (2, "exit_code", 1), (3, null, 0)],
            task.Attempts.Select(a => (a.Attempt, a.Reason, a.ExitCode!.Value)));
        Assert.All(task.Attempts, a => Assert.True(a.StartedAt <= a.EndedAt && a.Node?.Length > 0 && a.Scheduler == "process"));
        Assert.True(task.Attempts[0].EndedAt <= task.Attempts[1].StartedAt && task.Attempts[1].EndedAt <= task.Attempts[2].StartedAt);

        Assert.Equal("try 1\ntry 2\ntry 3\n", await TextAsync(run));
        for (var n = 1; n <= 3; n++) Assert.Equal($"try {n}\n", await TextAsync(run, query: $"?attempt={n}"));
        Assert.Equal("", await TextAsync(run, query: "?attempt=4"));
        var events = (await Area.Client.Runs.ListRunEventsAsync(Area.Name, "p", "1", cancellationToken: Ct)).Items;
        var retried = events.Where(e => e.Type == "task.retried").ToList();
        Assert.Equal([1, 2], retried.Select(e => e.Attempt!.Value));
        Assert.All(retried, e => Assert.True(e.Data.ContainsKey("next_at") && e.Data["reason"] == "exit_code"));
    }

    [Fact]
    public async Task An_exit_code_that_the_policy_does_not_name_is_final_and_so_is_the_last_attempt()
    {
        await Area.RegisterAsync(Of(
            "p",
            Step("other", "exit 2").And(""" "retry":{"max_attempts":5,"initial_delay":"0s","exit_codes":[1,75]} """),
            Step("last", "exit 75").And(""" "retry":{"max_attempts":2,"initial_delay":"0s","exit_codes":[1,75]},"allow_failure":true """),
            Step("after", "true", ("last", "failure"))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var tasks = await Area.TasksAsync(run);
        Assert.Equal((RunState.Failed, "Task 'other' failed."), (run.State, run.Message));
        Assert.Equal((TaskState.Failed, 1, 2), (tasks["other"].State, tasks["other"].Attempts.Count, tasks["other"].ExitCode));
        Assert.Equal((TaskState.Failed, "exit_code", 2), (tasks["last"].State, tasks["last"].Reason, tasks["last"].Attempts.Count));
        Assert.Equal(TaskState.Succeeded, tasks["after"].State); // the last failure counts, not the first
    }

    [Fact]
    public async Task A_task_that_waits_for_its_retry_says_so_and_cancelling_ends_it_at_once()
    {
        await Area.RegisterAsync(Of("p", Step("t", "exit 1").And(""" "retry":{"initial_delay":"7d","max_delay":"7d"} """)));
        var run = await Area.RunAsync("p");
        await foreach (var update in Area.Client.Streams.RunAsync(Area.Name, "p", "1", Ct))
        {
            if (update.Task is { State: TaskState.Waiting, WaitingFor: "retry" }) break;
        }

        var task = (await Area.TasksAsync(run))["t"];
        Assert.Equal((TaskState.Waiting, "retry", 1), (task.State, task.WaitingFor, task.Attempt));
        Assert.True(task.Until > TimeProvider.System.GetUtcNow(), $"It waits until {task.Until}.");
        Assert.Equal((1, "exit_code", 1), (task.Attempts[0].Attempt, task.Attempts[0].Reason, task.Attempts[0].ExitCode));
        Assert.Single(task.Attempts);
        var why = Assert.Single(await ExplainAsync(run), w => w.Task == "t");
        Assert.Equal(("waiting", "retry"), (why.About, why.Code));
        Assert.Contains("The next attempt is due at", why.Message, StringComparison.Ordinal);

        var cancelled = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/cancel");
        Assert.Equal("cancelled", cancelled.Json.GetProperty("state").GetString());
        Assert.Null((await Area.TasksAsync(run))["t"].Until);
    }

    [Fact]
    public async Task A_task_that_takes_longer_than_its_timeout_is_stopped_and_says_timeout()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo begun; sleep 300").And(""" "timeout":"500ms" """), Step("after", "true", ("t", "failure"))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var tasks = await Area.TasksAsync(run);
        Assert.Equal((TaskState.Failed, "timeout"), (tasks["t"].State, tasks["t"].Reason));
        Assert.Equal("The container ran longer than the timeout of 500ms and was stopped.", tasks["t"].Message);
        Assert.Equal("begun\n", await TextAsync(run));
        Assert.Equal(TaskState.Succeeded, tasks["after"].State);
    }

    [Fact]
    public async Task Each_attempt_has_the_whole_timeout_and_a_policy_may_try_a_timeout_again()
    {
        await Area.RegisterAsync(Of("p", Step("t", "[ $GOFER_ATTEMPT = 2 ] || sleep 300").And(""" "timeout":"1s","retry":{"max_attempts":2,"initial_delay":"0s","on":["timeout"]} """)));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal(["timeout", null], (await Area.TasksAsync(run))["t"].Attempts.Select(a => a.Reason));
    }

    [Fact]
    public async Task What_ignores_SIGTERM_is_killed_when_the_grace_after_its_timeout_is_over()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync("process", ("GOFER_WORKER__STOP_GRACE", "200ms"));
        await cluster.Area.RegisterAsync(Of("p", Step("t", "trap '' TERM; while true; do sleep 0.1; done").And(""" "timeout":"500ms" """)));
        var run = await cluster.Area.EndAsync(await cluster.Area.RunAsync("p"));
        var task = (await cluster.Area.TasksAsync(run))["t"];
        Assert.Equal((TaskState.Failed, "timeout", 137), (task.State, task.Reason, task.ExitCode));
    }

    [Fact]
    public async Task What_ended_well_in_time_is_no_timeout_though_nobody_looked_until_later()
    {
        await using var cluster = await GoferCluster.StartAsync();
        var first = await cluster.WorkerAsync();
        var (go, done) = (Path.Combine(cluster.Data, "go"), Path.Combine(cluster.Data, "done"));
        await cluster.Area.RegisterAsync(Of("p", Step("t", $"until [ -e {go} ]; do sleep 0.05; done; touch {done}").And(""" "timeout":"4s" """)));
        var run = await cluster.Area.RunAsync("p");
        var running = await cluster.Area.UntilAsync(run, "t", TaskState.Running);
        await first.KillAsync();
        await File.WriteAllTextAsync(go, "", Ct);
        while (!File.Exists(done)) await Task.Delay(20, Ct);
        while (TimeProvider.System.GetUtcNow() < running.StartedAt + TimeSpan.FromSeconds(4.5)) await Task.Delay(20, Ct); // its time is over now

        await cluster.WorkerAsync();
        var ended = await cluster.Area.EndAsync(run);
        var task = (await cluster.Area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Succeeded, TaskState.Succeeded, 0), (ended.State, task.State, task.ExitCode));
    }

    [Fact]
    public async Task A_run_that_takes_longer_than_the_pipelines_timeout_fails_and_nothing_of_it_starts_any_more()
    {
        await Area.RegisterAsync(With("\"timeout\":\"700ms\"", Of(
            "p", Step("quick", "true"), Step("long", "sleep 300"), Step("child", "true", ("long", "any")),
            Step("again", "exit 1").And(""" "retry":{"initial_delay":"7d","max_delay":"7d"} """))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var tasks = await Area.TasksAsync(run);
        Assert.Equal((RunState.Failed, "run_timeout", "The run took longer than its timeout of 700ms."), (run.State, run.Reason, run.Message));
        Assert.Equal(TaskState.Succeeded, tasks["quick"].State);
        Assert.All(["long", "child", "again"], id => Assert.Equal((TaskState.Cancelled, "run_timeout"), (tasks[id].State, tasks[id].Reason)));
        Assert.Equal(0, tasks["child"].Attempt);
    }
}
