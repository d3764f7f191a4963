using Gofer.Domain.Runs;

namespace Gofer.Domain.Notifications;

/// <summary>
/// Which of what a notification asks for applies to a run. It knows of no time and of nothing that was sent: asked again it answers the same, so whoever asks keeps
/// one delivery for a run, a notification and an outcome, and a run that is overdue while it runs is not told of again when it ends.
/// </summary>
public static class OutcomeRules
{
    /// <summary>
    /// What applies, at most one of how the run ended and <see cref="NotificationOutcome.LongerThan"/>. A success after a failure is told as recovered alone, where both are
    /// asked for. A run that is running can be nothing but overdue, and one that waits for its slot nothing.
    /// </summary>
    /// <param name="notification">What is asked for.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="previous">How the run of the pipeline before it ended, by <see cref="Previous"/>; null where there was none.</param>
    /// <param name="took">From its start to its end, or until now; null where it never started.</param>
    public static IReadOnlyList<NotificationOutcome> Of(NotificationDefinition notification, RunState state, RunState? previous, TimeSpan? took)
    {
        ArgumentNullException.ThrowIfNull(notification);
        if (!notification.Enabled || state == RunState.Pending) return [];
        var applying = new List<NotificationOutcome>(2);
        NotificationOutcome[] ends = state switch
        {
            RunState.Failed => [NotificationOutcome.Failed],
            RunState.Cancelled => [NotificationOutcome.Cancelled],
            RunState.Succeeded when previous == RunState.Failed => [NotificationOutcome.Recovered, NotificationOutcome.Succeeded],
            RunState.Succeeded => [NotificationOutcome.Succeeded],
            _ => [],
        };
        applying.AddRange(ends.Where(notification.On.Contains).Take(1));
        if (notification.On.Contains(NotificationOutcome.LongerThan) && took > notification.LongerThan) applying.Add(NotificationOutcome.LongerThan);
        return applying;
    }

    /// <summary>How the run before ended: the newest of <paramref name="earlier"/> that neither goes on nor was cancelled, which says nothing of the pipeline.</summary>
    /// <param name="earlier">The states of earlier runs, the newest first.</param>
    public static RunState? Previous(IEnumerable<RunState> earlier) =>
        earlier.Where(s => s is RunState.Succeeded or RunState.Failed).Select(s => (RunState?)s).FirstOrDefault();

    /// <summary>The moment after which a run that goes on is overdue; null where the notification does not ask.</summary>
    public static DateTimeOffset? OverdueAfter(NotificationDefinition notification, DateTimeOffset startedAt)
    {
        ArgumentNullException.ThrowIfNull(notification);
        return notification.Enabled && notification.On.Contains(NotificationOutcome.LongerThan) ? startedAt + notification.LongerThan : null;
    }
}
