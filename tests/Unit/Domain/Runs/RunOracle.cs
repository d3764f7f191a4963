using System.Globalization;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>What an ended run must look like, from the rules alone, whatever the order of events was.</summary>
internal sealed class RunOracle(
    TaskGraph graph, Run run, List<string> story, Dictionary<int, List<FailedAttempt>> failed, HashSet<int> cancelledTasks, string? stoppedBy, int[][] outcomes)
{
    /// <summary>The outcome that was drawn for an attempt.</summary>
    public static TaskOutcome OutcomeOf(int drawn, TaskExecution task, DateTimeOffset now) => drawn switch
    {
        0 => new TaskOutcome.Exited(0, false, now, null),
        1 => new TaskOutcome.Exited(1 + (task.Task % 3), false, now, null),
        2 => new TaskOutcome.Refused(Reasons.ImagePull, "no such image"),
        _ => new TaskOutcome.TimedOut(143, now, TimeSpan.FromMinutes(1)),
    };

    public void Judge()
    {
        var tasks = run.Tasks;
        Assert.True(run.State.IsFinal());
        Assert.All(tasks.Values, t => Assert.True(t.State.IsFinal()));
        Assert.All(tasks.Values, t => Assert.False(t.HoldsSlots));
        Assert.Equal(
            RunOutcome.Of(tasks.Values.Where(t => !graph.Nodes[t.Task].IsJoin).Select(t => (t.State, graph.Nodes[t.Task].Definition.AllowFailure)), stoppedBy), run.State);
        if (stoppedBy is not null) Assert.Equal(stoppedBy, run.Reason);
        Assert.Equal(Enumerable.Range(1, story.Count), story.Select(s => int.Parse(s.Split(':')[0], CultureInfo.InvariantCulture)));
        var ends = story.Select(s => s.Split(':')).Where(p => p[1] is EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskCancelled or EventTypes.TaskSkipped);
        Assert.Equal(
            Enumerable.Range(0, graph.Count).Where(t => !graph.Nodes[t].IsJoin), ends.Select(p => int.Parse(p[2], CultureInfo.InvariantCulture)).Order()); // each once
        foreach (var task in tasks.Values) Judge(task);
    }

    private void Judge(TaskExecution task)
    {
        var node = graph.Nodes[task.Task];
        if (node.IsJoin)
        {
            var instances = graph.ParentsOf(task.Task).Select(p => run.Tasks[p.Task].State).ToHashSet();
            var expected = instances.Contains(TaskState.Cancelled) ? TaskState.Cancelled
                : instances.Contains(TaskState.Failed) ? TaskState.Failed
                : instances.Contains(TaskState.Skipped) ? TaskState.Skipped
                : TaskState.Succeeded;
            Assert.Equal(expected, task.State);
            return;
        }

        var blocking = graph.ParentsOf(task.Task).Where(p => !Satisfied(p.Condition, run.Tasks[p.Task].State)).Select(p => p.Task).ToList();
        if (task.State == TaskState.Cancelled)
        {
            Assert.True(stoppedBy is not null || cancelledTasks.Contains(task.Task), "Cancelled, and nobody asked.");
            Assert.Contains(task.Reason, (string?[])[Reasons.UserCancelled, stoppedBy]);
        }
        else if (task.State == TaskState.Skipped)
        {
            Assert.Equal(blocking.Min(), task.SkippedBy);
            Assert.Equal(0, task.Fence);
        }
        else
        {
            Assert.Empty(blocking);
            if (task.Reused is not null) Assert.Equal((TaskState.Succeeded, 0L), (task.State, task.Fence));
            else JudgeAttempts(task, node.Definition.Retry);
        }
    }

    /// <summary>Every attempt but the last failed in a way that the policy tries again, and the last is final by the policy.</summary>
    private void JudgeAttempts(TaskExecution task, RetryPolicy policy)
    {
        Assert.True(task.Fence > 0, "It ended without having been claimed.");
        var before = failed.GetValueOrDefault(task.Task) ?? [];
        Assert.Equal(Enumerable.Range(1, task.Attempt - 1), before.Select(a => a.Attempt));
        Assert.True(task.Attempt <= policy.MaxAttempts);
        foreach (var attempt in before)
        {
            Assert.Contains(attempt.Reason, policy.On);
            if (attempt.Reason != Reasons.Lost) Assert.Equal(attempt.Reason, ReasonOf(outcomes[task.Task][attempt.Attempt]));
            if (attempt.Reason == Reasons.ExitCode && policy.ExitCodes.Count > 0) Assert.Contains(attempt.ExitCode!.Value, policy.ExitCodes);
        }

        if (task.Reason == Reasons.Poison) return;
        if (task.Reason != Reasons.Lost) Assert.Equal(ReasonOf(outcomes[task.Task][task.Attempt]), task.Reason);
        Assert.Equal(task.Reason is null ? TaskState.Succeeded : TaskState.Failed, task.State);
        if (task.State == TaskState.Failed && task.StopRequestedAt is null) Assert.False(policy.Retries(task.Attempt, task.Reason, task.ExitCode), "It should have been tried again.");
    }

    private static string? ReasonOf(int drawn) => drawn switch
    {
        0 => null,
        1 => Reasons.ExitCode,
        2 => Reasons.ImagePull,
        _ => Reasons.Timeout,
    };

    private static bool Satisfied(ParentCondition condition, TaskState state) => (condition, state) switch
    {
        (ParentCondition.Success, TaskState.Succeeded) => true,
        (ParentCondition.Failure, TaskState.Failed) => true,
        (ParentCondition.Any, TaskState.Succeeded or TaskState.Failed or TaskState.Skipped) => true,
        _ => false,
    };
}
