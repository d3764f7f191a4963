using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Why a run is where it is. Limits and retries explain themselves in their own tests.</summary>
public sealed class ExplainTests(GoferServer server) : AreaTest(server)
{
    [Fact]
    public async Task A_run_that_waits_for_its_pipeline_names_the_runs_that_are_in_its_way()
    {
        await Area.RegisterAsync(With("\"parallelism\":2", Script("p", "sleep 300")));
        RunView[] runs = [await Area.RunAsync("p"), await Area.RunAsync("p"), await Area.RunAsync("p")];
        var why = Assert.Single(await ExplainAsync(runs[2]), w => w.About == "waiting");
        Assert.Equal((null, "parallelism", "parallelism", 2), (why.Task, why.Code, why.Limit!.Name, why.Limit.Value));
        Assert.Equal([("p", 1L), ("p", 2L)], why.HeldBy.Select(h => (h.Pipeline, h.Run)));
        Assert.Equal("run", (await Area.TasksAsync(runs[2]))["t"].WaitingFor);
        await CancelAsync([.. runs.Reverse()]);
    }

    [Fact]
    public async Task A_task_that_waits_for_parents_names_those_that_are_open()
    {
        await Area.RegisterAsync(Of(
            "p", Step("quick", "true"), Step("slow", "sleep 300"), Step("many", "sleep 300").And(""" "matrix":{"n":["1","2"]} """),
            Step("child", "true", ("quick", "success"), ("slow", "any"), ("many", "any"))));
        var run = await Area.RunAsync("p");
        await Area.UntilAsync(run, "quick", TaskState.Succeeded);
        var why = Assert.Single(await ExplainAsync(run), w => w.Task == "child");
        Assert.Equal(("waiting", "parents", "It waits for many, slow."), (why.About, why.Code, why.Message));
        Assert.Equal("parents", (await Area.TasksAsync(run))["child"].WaitingFor);
        await CancelAsync(run);
    }

    [Fact]
    public async Task What_failed_what_was_skipped_and_the_version_are_explained()
    {
        await Area.RegisterAsync(Of("p", Step("a", "exit 4"), Step("b", "true", ("a", "success"))));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        Assert.Equal(
            [
                (null, "version", "live", "Version 1 was live when the run was created."),
                (null, "failed", "task_failed", "Task 'a' failed."),
                ("a", "failed", "exit_code", "The container ended with exit code 4."),
                ("b", "skipped", "parent_outcome", "Task 'a' did not succeed."),
            ],
            (await ExplainAsync(run)).Select(w => (w.Task, w.About, w.Code, w.Message)));

        var pinned = await Area.EndAsync(await RunAsync("p", """{"version":1}"""));
        Assert.Equal("The request named version 1.", Assert.Single(await ExplainAsync(pinned), w => w.About == "version").Message);
    }
}
