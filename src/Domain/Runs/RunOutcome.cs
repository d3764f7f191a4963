namespace Gofer.Domain.Runs;

/// <summary>What a run comes to.</summary>
public static class RunOutcome
{
    /// <summary>
    /// What a run comes to, as a pure function of its tasks' states and of what stopped it, a code of <see cref="Reasons"/> or null: null while
    /// a task is open, failed if its timeout stopped it, else cancelled if it or a task was cancelled, else failed if a task failed whose
    /// failure is not allowed, else succeeded.
    /// </summary>
    public static RunState? Of(IEnumerable<(TaskState State, bool AllowFailure)> tasks, string? stoppedBy)
    {
        var timedOut = stoppedBy == Reasons.RunTimeout;
        var outcome = stoppedBy is null ? RunState.Succeeded : RunState.Cancelled;
        foreach (var (state, allowFailure) in tasks)
        {
            if (!state.IsFinal()) return null;
            if (state == TaskState.Cancelled) outcome = RunState.Cancelled;
            else if (state == TaskState.Failed && !allowFailure && outcome == RunState.Succeeded) outcome = RunState.Failed;
        }

        return timedOut ? RunState.Failed : outcome;
    }
}
