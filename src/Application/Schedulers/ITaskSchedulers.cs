using Gofer.Application.Queue;
using Gofer.Application.Secrets;

namespace Gofer.Application.Schedulers;

/// <summary>Chooses what runs a task: the worker's own scheduler, or, for a shared task that is a service, that service.</summary>
public interface ITaskSchedulers
{
    /// <summary>
    /// The scheduler of one attempt, for as long as its worker follows it. <paramref name="secrets"/> is asked at each call: what the attempt's secrets are may be
    /// known only later.
    /// </summary>
    TaskScheduling For(ClaimedTask task, Func<ResolvedSecrets> secrets);
}

/// <summary>A scheduler, and what is to be given back when its attempt is no longer followed.</summary>
public readonly record struct TaskScheduling(IScheduler Scheduler, IDisposable? Owned = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Owned?.Dispose();
}

/// <summary>One scheduler for every task, where no service is called.</summary>
public sealed class OneScheduler(IScheduler scheduler) : ITaskSchedulers
{
    /// <inheritdoc/>
    public TaskScheduling For(ClaimedTask task, Func<ResolvedSecrets> secrets) => new(scheduler);
}
