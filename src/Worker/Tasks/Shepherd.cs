using Gofer.Application.Common;
using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Worker.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Tasks;

/// <summary>
/// Follows one attempt from claim to recorded end: finds or starts the container, stores its output, learns its end. Holds no thread
/// while it waits. Where it dies at any line, the next holder of the task does the same from the start and finds what is there.
/// </summary>
internal sealed partial class Shepherd(
    ITaskSchedulers schedulers, ITaskSecrets secrets, LogPump logs, ContainerSpecs specs, TimeProvider clock, IOptions<WorkerOptions> options, ILogger<Shepherd> logger)
{
    /// <summary>A task that ends within this time has its start told with its end: one write less.</summary>
    private static readonly TimeSpan ShortTask = TimeSpan.FromMilliseconds(20);

    /// <summary>Characters of what a service says of an attempt.</summary>
    private const int LongestWord = 1000;

    /// <summary>The name of a task's container.</summary>
    public string NameOf(ClaimedTask task) => specs.NameOf(task);

    /// <summary>Begins to follow a claimed task; returns at once.</summary>
    public void Take(WorkerSession session, ClaimedTask task)
    {
        var handle = new TaskHandle(task);
        if (task.StopRequested) handle.Stop();
        session.Add(handle);
        handle.Shepherd = Task.Run(() => FollowAsync(session, handle), CancellationToken.None);
    }

    private async Task FollowAsync(WorkerSession session, TaskHandle handle)
    {
        var task = handle.Task;
        var name = specs.NameOf(task);
        using var chosen = schedulers.For(task, () => handle.Secrets);
        var scheduler = chosen.Scheduler;
        try
        {
            var names = task.References().Count > 0;
            var (outcome, tail) = names && await PrepareAsync(scheduler, session, handle, name) is { } refused ? (refused, []) : await RunAsync(scheduler, session, handle, name);
            var answer = await session.ReportAsync(new TaskReport.Ended(task.Held, outcome) { Tail = tail, Children = task.Children });
            if (names && answer != ReportAnswer.Fenced) await secrets.ForgetAsync(task, session.Over);
            // Over: this end was recorded before, and the answer was lost.
            if (answer != ReportAnswer.Fenced) await scheduler.ReleaseAsync(name, session.Over);
        }
        catch (OperationCanceledException) when (session.Over.IsCancellationRequested)
        {
            // The lease is gone or the worker leaves: the container is the next holder's.
        }
        catch (TaskTakenException taken)
        {
            session.Remove(task.Held);
            if (taken.Over) await ClearAsync(scheduler, name, session.Over);
        }
        // Whatever it is, this task must not take the others down; it is put back by the reconciliation or the lease.
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            // What was thrown may quote what the task was given.
            Log.Failed(logger, name, handle.Masks.Mask(e.ToString()));
            await FailAsync(session, handle, e);
        }
        finally
        {
            handle.Dispose();
        }
    }

    /// <summary>
    /// Learns what the task's secrets and objects are, before anything is started or read; the outcome where one is missing, or where the task is stopped
    /// while the store does not answer. What an earlier holder may have started then must not run on with nobody to mask it.
    /// </summary>
    private async Task<TaskOutcome?> PrepareAsync(IScheduler scheduler, WorkerSession session, TaskHandle handle, string name)
    {
        var task = handle.Task;
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(session.Over);
        // One that may run, and so may have written something, is waited for: it is stopped once that can be read.
        using var stop = handle.OnStop(() =>
        {
            if (!task.WasStarted && !task.StopRequested) wanted.Cancel();
        });
        try
        {
            var found = await RetryAsync(token => secrets.ResolveAsync(task, token), new ProgressReports(session, task.Held, handle.Masks), wanted.Token)
                ?? throw new TaskTakenException(over: false);
            if (found.IsOk)
            {
                handle.Know(found.Value);
                return null;
            }

            await NeverStartedAsync(scheduler, name, session.Over);
            return new TaskOutcome.Refused(found.Error.Code, found.Error.Message);
        }
        catch (OperationCanceledException) when (handle.StopRequested && !session.Over.IsCancellationRequested)
        {
            await NeverStartedAsync(scheduler, name, session.Over);
            return new TaskOutcome.NeverStarted();
        }
    }

    private async Task<(TaskOutcome Outcome, IReadOnlyList<LogChunk> Tail)> RunAsync(IScheduler scheduler, WorkerSession session, TaskHandle handle, string name)
    {
        var task = handle.Task;
        if (task.Definition.Uses is not null && task.Shared is null) return (new TaskOutcome.Refused(Reasons.SchedulerError, $"The shared task {task.Definition.Uses} of the run was deleted."), []);
        var started = await FindOrStartAsync(scheduler, session, handle, name);
        if (started.Outcome is { } never) return (never, []);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(session.Over);
        // Hardly any task is ever asked to stop, so nothing waits for that.
        var (stopping, killing) = (Task.CompletedTask, Task.CompletedTask);
        using var asked = handle.OnStop(() => stopping = Task.Run(() => InsistAsync(scheduler, name, options.Value.StopGrace, ended.Token)));
        // Beside the stop, which a task that ignores its signal holds up for the whole grace.
        using var killed = handle.OnKill(() => killing = Task.Run(() => InsistAsync(scheduler, name, TimeSpan.Zero, ended.Token)));
        var patience = StopWhenOverdueAsync(scheduler, handle, started.StartedAt, name, ended.Token);
        var pumping = logs.RunAsync(scheduler, session, task, name, handle.Masks, session.Over);
        var waiting = RetryAsync(token => scheduler.WaitAsync(name, token), null, session.Over);
        var over = Task.WhenAll(pumping, waiting);
        await Task.WhenAny(over, Task.Delay(ShortTask, session.Over));
        var accepted = session.ReportAsync(new TaskReport.Started(task.Held, started.StartedAt, started.ImageDigest));
        // Of a task that is over by now the end follows at once, and both go into one transaction: who lost the task hears it with the end.
        if (!over.IsCompletedSuccessfully && await accepted is not ReportAnswer.Accepted and var refused)
        {
            await ended.CancelAsync();
            throw new TaskTakenException(refused == ReportAnswer.Over);
        }

        var status = await waiting;
        var tail = await pumping;
        await ended.CancelAsync();
        await asked.DisposeAsync();
        await killed.DisposeAsync();
        await Task.WhenAll(stopping, killing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await patience.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        TaskOutcome outcome = (status, handle.IsOverdue) switch
        {
            (ContainerStatus.Ended end, true) => new TaskOutcome.TimedOut(end.ExitCode, end.StartedAt, task.Definition.Timeout!.Value),
            (ContainerStatus.Ended end, false) => new TaskOutcome.Exited(end.ExitCode, end.OutOfMemory, end.StartedAt, Masked(end.Message)),
            (_, true) => new TaskOutcome.TimedOut(null, started.StartedAt, task.Definition.Timeout!.Value),
            _ => new TaskOutcome.Lost("The container vanished before its exit code was read."),
        };
        return (outcome, tail);

        string? Masked(string? message) => message is null ? null : Said(handle, message);
    }

    /// <summary>
    /// Stops the container once the attempt's time is over. The time counts from the container's start, whoever follows it, so an adopted one
    /// gets no more of it.
    /// </summary>
    private async Task StopWhenOverdueAsync(IScheduler scheduler, TaskHandle handle, DateTimeOffset startedAt, string name, CancellationToken cancellationToken)
    {
        if (handle.Task.Definition.Timeout is not { } limit) return;
        var ran = clock.GetUtcNow() - startedAt;
        var left = ran < TimeSpan.Zero ? limit : limit - ran;
        if (left > TimeSpan.Zero) await Task.Delay(left, cancellationToken);
        switch (await RetryAsync(token => scheduler.InspectAsync(name, token), null, cancellationToken))
        {
            case ContainerStatus.Running:
                handle.IsOverdue = true;
                break;
            // An earlier holder stopped it and died before it could say so. What ended in time, or well, did: that its output is still
            // being stored, or that nobody looked until now, is not its fault.
            case ContainerStatus.Ended ended when ended.WasStoppedAt(limit):
                handle.IsOverdue = true;
                return;
            default:
                return;
        }

        await InsistAsync(scheduler, name, options.Value.StopGrace, cancellationToken);
    }

    /// <summary>
    /// Stops a container, and again for as long as it runs: whatever comes between, nobody else would do it. Ends with the container or with the
    /// token.
    /// </summary>
    private async Task InsistAsync(IScheduler scheduler, string name, TimeSpan grace, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await scheduler.StopAsync(name, grace, cancellationToken);
                if (await scheduler.InspectAsync(name, cancellationToken) is not ContainerStatus.Running) return;
            }
            // It is said and tried again, whatever it is.
#pragma warning disable CA1031
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (tries == 1) Log.NotStopped(logger, e, name);
            }

            await Task.Delay(Loop.Backoff(tries), cancellationToken);
        }
    }

    private async Task<Begun> FindOrStartAsync(IScheduler scheduler, WorkerSession session, TaskHandle handle, string name)
    {
        var task = handle.Task;
        if (task.WasStarted || task.StopRequested)
        {
            switch (await RetryAsync(token => scheduler.InspectAsync(name, token), null, session.Over))
            {
                case ContainerStatus.Running running: return new Begun(null, running.StartedAt, null);
                case ContainerStatus.Ended ended: return new Begun(null, ended.StartedAt, null);
                case ContainerStatus.Created when task.StopRequested:
                // An earlier holder that stands still may be about to start it.
                case ContainerStatus.Absent when !task.WasStarted:
                    return await NeverStartedAsync(scheduler, name, session.Over);
                default: return new Begun(new TaskOutcome.Lost("The container was running and is gone."), default, null);
            }
        }

        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(session.Over);
        using var stop = handle.OnStop(wanted.Cancel);
        var progress = new ProgressReports(session, task.Held, handle.Masks);
        try
        {
            var spec = specs.For(task, handle.Secrets);
            var started = await RetryAsync(token => scheduler.StartAsync(spec, session.UntilLeaseHoldsAsync, progress, token), progress, wanted.Token);
            return new Begun(null, started.StartedAt, started.ImageDigest);
        }
        catch (ContainerRefusedException refused)
        {
            return new Begun(new TaskOutcome.Refused(refused.Reason, Said(handle, refused.Message)), default, null);
        }
        catch (OperationCanceledException) when (handle.StopRequested && !session.Over.IsCancellationRequested)
        {
            // The start was cut short by a stop: what it left behind decides.
            return await RetryAsync(token => scheduler.InspectAsync(name, token), null, session.Over) switch
            {
                ContainerStatus.Running running => new Begun(null, running.StartedAt, null),
                ContainerStatus.Ended ended => new Begun(null, ended.StartedAt, null),
                _ => await NeverStartedAsync(scheduler, name, session.Over),
            };
        }
    }

    /// <summary>Sees to it that a container which had not started never does. It may have begun at that very moment: then it ran and is ended.</summary>
    private static async Task<Begun> NeverStartedAsync(IScheduler scheduler, string name, CancellationToken cancellationToken)
    {
        await RetryAsync(token => StopAsync(scheduler, name, TimeSpan.Zero, token), null, cancellationToken);
        return await RetryAsync(token => scheduler.InspectAsync(name, token), null, cancellationToken) switch
        {
            ContainerStatus.Running running => new Begun(null, running.StartedAt, null),
            ContainerStatus.Ended ended => new Begun(null, ended.StartedAt, null),
            _ => new Begun(new TaskOutcome.NeverStarted(), default, null),
        };
    }

    private static async Task<bool> StopAsync(IScheduler scheduler, string name, TimeSpan grace, CancellationToken cancellationToken)
    {
        await scheduler.StopAsync(name, grace, cancellationToken);
        return true;
    }

    /// <summary>What a back end says, without the task's secrets; what a service says is its author's, and may be long.</summary>
    private static string Said(TaskHandle handle, string message)
    {
        var masked = handle.Masks.Mask(message);
        return handle.Task.Shared?.Definition.Call is null ? masked : Shown.Cut(masked, LongestWord);
    }

    /// <summary>The task ended under another holder while this one still worked on its container: nobody else will clear it.</summary>
    private async Task ClearAsync(IScheduler scheduler, string name, CancellationToken cancellationToken)
    {
        try
        {
            await scheduler.StopAsync(name, options.Value.StopGrace, cancellationToken);
            await scheduler.ReleaseAsync(name, cancellationToken);
        }
        catch (Exception e) when (e is SchedulerUnavailableException or OperationCanceledException)
        {
            Log.NotCleared(logger, name, e.Message);
        }
    }

    private static async Task FailAsync(WorkerSession session, TaskHandle handle, Exception e)
    {
        try
        {
            await session.ReportAsync(new TaskReport.Ended(
                handle.Task.Held, new TaskOutcome.Refused(Reasons.SchedulerError, handle.Masks.Mask($"The worker failed: {e.Message}"))));
        }
        catch (OperationCanceledException)
        {
            // the session is over; the next holder tries
        }
    }

    /// <summary>Again and again while the back end, or a store, does not answer; the task waits, the worker's other tasks do not.</summary>
    private static async Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> action, ProgressReports? progress, CancellationToken cancellationToken)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await action(cancellationToken);
            }
            catch (SchedulerUnavailableException e)
            {
                progress?.Report($"the scheduler does not answer: {e.Message}");
                await Task.Delay(Loop.Backoff(failures), cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                progress?.Report($"a store does not answer: {e.Message}");
                await Task.Delay(Loop.Backoff(failures), cancellationToken);
            }
        }
    }

    /// <summary>A container that runs or ran, or the outcome of one that never did.</summary>
    private readonly record struct Begun(TaskOutcome? Outcome, DateTimeOffset StartedAt, string? ImageDigest);

    private sealed class TaskTakenException(bool over) : Exception
    {
        public bool Over { get; } = over;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The task of container {Name} failed in the worker: {Reason}")]
        public static partial void Failed(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} was not stopped yet and is tried again")]
        public static partial void NotStopped(ILogger logger, Exception e, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} belongs to an ended task and was not stopped: {Reason}")]
        public static partial void NotCleared(ILogger logger, string name, string reason);
    }
}
