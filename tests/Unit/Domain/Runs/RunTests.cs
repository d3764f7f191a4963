using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Tests.Unit.Domain.Pipelines;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>The rules of a run, one by one; <see cref="RunPropertyTests"/> holds them together.</summary>
public sealed class RunTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly WorkerId s_worker = new(new Guid("01980000-0000-7000-8000-000000000001"));

    [Fact]
    public void A_new_run_waits_and_admitting_it_makes_its_roots_ready()
    {
        var run = Of("a", "b<a:success", "c");
        Assert.Equal(RunState.Pending, run.State);
        Assert.True(run.Admit(s_now));
        Assert.Equal([0, 2], run.Enqueued);
        Assert.Equal([TaskState.Ready, TaskState.Waiting, TaskState.Ready], States(run));
        Assert.False(run.Admit(s_now));
    }

    [Theory]
    [InlineData(0, "success", TaskState.Ready)]
    [InlineData(1, "success", TaskState.Skipped)]
    [InlineData(0, "failure", TaskState.Skipped)]
    [InlineData(1, "failure", TaskState.Ready)]
    [InlineData(0, "any", TaskState.Ready)]
    [InlineData(1, "any", TaskState.Ready)]
    public void A_child_starts_or_is_skipped_by_how_its_parent_ended(int exitCode, string condition, TaskState expected)
    {
        var run = Admitted("a", $"b<a:{condition}");
        Finish(run, 0, exitCode);
        Assert.Equal(expected, run.Tasks[1].State);
        Assert.Equal(expected == TaskState.Skipped ? 0 : null, run.Tasks[1].SkippedBy);
    }

    [Fact]
    public void A_child_waits_for_all_its_parents_and_names_the_first_that_keeps_it_from_starting()
    {
        var run = Admitted("a", "b", "c", "d<a:success,b:success,c:success");
        Finish(run, 2, 1);
        Finish(run, 1, 1);
        Assert.Equal(TaskState.Waiting, run.Tasks[3].State); // decided with the last parent, so the order of ends does not show
        Finish(run, 0, 0);
        Assert.Equal((TaskState.Skipped, 1), (run.Tasks[3].State, run.Tasks[3].SkippedBy));
        Assert.Equal("Task 'b' did not succeed.", run.Tasks[3].Message);
    }

    [Fact]
    public void A_skip_goes_down_the_graph_and_any_takes_it_for_an_end()
    {
        var run = Admitted("a", "b<a:success", "c<b:success", "d<c:any");
        Finish(run, 0, 7);
        Assert.Equal([TaskState.Failed, TaskState.Skipped, TaskState.Skipped, TaskState.Ready], States(run));
        Finish(run, 3, 0);
        Assert.Equal((RunState.Failed, Reasons.TaskFailed, "Task 'a' failed."), (run.State, run.Reason, run.Message));
    }

    [Fact]
    public void A_skipped_task_does_not_fail_the_run()
    {
        var run = Admitted("a", "b<a:failure");
        Finish(run, 0, 0);
        Assert.Equal((RunState.Succeeded, TaskState.Skipped), (run.State, run.Tasks[1].State));
    }

    [Fact]
    public void Of_several_failures_the_run_names_the_first_of_the_document()
    {
        var run = Admitted("a", "b");
        Finish(run, 1, 1);
        Finish(run, 0, 1);
        Assert.Equal("Task 'a' failed.", run.Message);
    }

    [Fact]
    public void Cancelling_ends_what_has_no_container_and_asks_the_rest_to_stop()
    {
        var run = Admitted("a", "b<a:any", "c");
        Claim(run, 0);
        Assert.True(run.Cancel("enough", s_now));
        Assert.Equal([TaskState.Starting, TaskState.Cancelled, TaskState.Cancelled], States(run));
        Assert.NotNull(run.Tasks[0].StopRequestedAt);
        Assert.Equal(RunState.Running, run.State); // until the container is gone
        Assert.False(run.Cancel("again", s_now));

        Finish(run, 0, 0, claim: false);
        Assert.Equal((TaskState.Cancelled, 0), (run.Tasks[0].State, run.Tasks[0].ExitCode)); // whatever the exit code
        Assert.Equal((RunState.Cancelled, Reasons.UserCancelled, "enough"), (run.State, run.Reason, run.Message));
    }

    [Fact]
    public void A_cancelled_task_cancels_the_run_in_the_end_and_lets_the_others_go_on()
    {
        var run = Admitted("a", "b", "c<a:any");
        run.CancelTask(0, null, s_now);
        Assert.Equal((TaskState.Cancelled, TaskState.Skipped), (run.Tasks[0].State, run.Tasks[2].State)); // cancelled is none of 'any'
        Finish(run, 1, 0);
        Assert.Equal((RunState.Cancelled, Reasons.TaskCancelled, TaskState.Succeeded), (run.State, run.Reason, run.Tasks[1].State));
    }

    [Fact]
    public void Who_lost_a_task_can_say_nothing_about_it()
    {
        var run = Admitted("a");
        Claim(run, 0);
        run.Requeue(0, s_worker, 1, "its lease ran out", died: false, s_now);
        Assert.True(run.Claim(0, s_worker, "b", "s", "n", s_now));
        Assert.Equal((2L, 1), (run.Tasks[0].Fence, run.Tasks[0].Attempt));
        Assert.False(run.Start(0, s_worker, 1, s_now, null, s_now));
        Assert.False(run.Complete(0, s_worker, 1, new TaskOutcome.Exited(0, false, s_now, null), s_now));
        Assert.False(run.Complete(0, new WorkerId(Guid.Empty), 2, new TaskOutcome.Exited(0, false, s_now, null), s_now));
        Assert.Equal(TaskState.Starting, run.Tasks[0].State);
    }

    [Fact]
    public void A_task_with_a_container_is_claimed_by_workers_of_its_back_end_only()
    {
        var run = Admitted("a");
        Claim(run, 0);
        run.Requeue(0, s_worker, 1, "handed over", died: false, s_now);
        Assert.False(run.Claim(0, s_worker, "elsewhere", "s", "n", s_now));
        Assert.True(run.Claim(0, s_worker, "b", "s", "n", s_now));
    }

    [Fact]
    public void A_container_that_is_taken_over_is_adopted_and_keeps_when_it_started()
    {
        var run = Admitted("a");
        Claim(run, 0);
        run.Start(0, s_worker, 1, s_now, "sha256:1", s_now);
        run.Requeue(0, s_worker, 1, "handed over", died: false, s_now.AddSeconds(1));
        run.Claim(0, s_worker, "b", "s", "n", s_now.AddSeconds(2));
        run.Start(0, s_worker, 2, s_now.AddSeconds(2), null, s_now.AddSeconds(2));
        Assert.Equal((s_now, "sha256:1"), (run.Tasks[0].StartedAt, run.Tasks[0].ImageDigest));
        Assert.Equal([EventTypes.TaskStarted, EventTypes.TaskAdopted], run.NewEvents.Select(e => e.Type).Where(t => t is EventTypes.TaskStarted or EventTypes.TaskAdopted));
    }

    [Theory]
    [InlineData(137, true, Reasons.OutOfMemory)]
    [InlineData(137, false, Reasons.ExitCode)]
    [InlineData(0, true, Reasons.OutOfMemory)]
    public void Out_of_memory_is_told_apart_from_an_exit_code(int exitCode, bool outOfMemory, string reason)
    {
        var run = Admitted("a");
        Claim(run, 0);
        run.Complete(0, s_worker, 1, new TaskOutcome.Exited(exitCode, outOfMemory, s_now, null), s_now);
        Assert.Equal((TaskState.Failed, reason), (run.Tasks[0].State, run.Tasks[0].Reason));
    }

    private static Run Admitted(params string[] tasks)
    {
        var run = Of(tasks);
        run.Admit(s_now);
        return run;
    }

    /// <summary>Tasks written <c>id&lt;parent:condition,…</c>.</summary>
    private static Run Of(params string[] tasks)
    {
        var json = tasks.Select(task =>
        {
            var parts = task.Split('<');
            var parents = parts.Skip(1).SelectMany(p => p.Split(',')).Select(p => p.Split(':')).Select(p => $"\"{p[0]}\":\"{p[1]}\"");
            return $"{{\"id\":\"{parts[0]}\",\"image\":\"i\",\"depends_on\":{{{string.Join(',', parents)}}}}}";
        });
        var document = Documents.Good($"{{\"id\":\"p\",\"tasks\":[{string.Join(',', json)}]}}");
        return Run.Create(new RunId(Guid.CreateVersion7(s_now)), new TaskGraph(document.Tasks), s_now);
    }

    private static void Claim(Run run, int task) => Assert.True(run.Claim(task, s_worker, "b", "s", "n", s_now));

    private static void Finish(Run run, int task, int exitCode, bool claim = true)
    {
        if (claim) Claim(run, task);
        Assert.True(run.Complete(task, s_worker, run.Tasks[task].Fence, new TaskOutcome.Exited(exitCode, false, s_now, null), s_now));
    }

    private static IEnumerable<TaskState> States(Run run) => run.Tasks.Values.OrderBy(t => t.Task).Select(t => t.State);
}
