namespace Gofer.Application.Notifications;

/// <summary>The engine's side of notifications. Implemented beside the queue.</summary>
public interface INotificationQueue
{
    /// <summary>
    /// One pass: makes deliveries of runs that ended or are overdue, and begins to send what is due; it waits for no target. Any number of workers may
    /// call it at any time: each delivery is made once and sent by one of them at a time. Answers how long it is until there is more to do, null where
    /// nobody is to be told anything.
    /// </summary>
    /// <param name="cancellationToken">Ends also what is being sent; that is sent again once its lease is over.</param>
    Task<TimeSpan?> PassAsync(CancellationToken cancellationToken);
}
