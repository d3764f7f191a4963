using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Local;

/// <summary>
/// One run in this process alone: the aggregate decides, the worker's shepherds follow the containers, and the state lives in memory for as
/// long as the run does. What a server does over many runs (numbers, leases, other workers) has no place here.
/// </summary>
public sealed class LocalRun
{
    private readonly LocalOrder _order;
    private readonly IScheduler _scheduler;
    private readonly Shepherd _shepherd;
    private readonly LocalStore _store;
    private readonly ILocalWatcher _watcher;
    private readonly TimeProvider _clock;
    private readonly WorkerOptions _options;
    private readonly LocalGate _gate;
    private readonly Run _run;
    private readonly Queue<int> _ready = [];
    private readonly Dictionary<HeldTask, TaskHandle> _handles = [];
    private TaskCompletionSource _asked = Wakeup();
    private volatile bool _cancel;
    private volatile bool _kill;

    internal LocalRun(
        LocalOrder order, IScheduler scheduler, Shepherd shepherd, LocalStore store, ILocalWatcher watcher, TimeProvider clock, IOptions<WorkerOptions> options)
    {
        (_order, _scheduler, _shepherd, _store, _watcher, _clock, _options) = (order, scheduler, shepherd, store, watcher, clock, options.Value);
        _gate = new LocalGate(order.Params);
        var now = clock.GetUtcNow();
        _run = Run.Create(new RunId(Guid.CreateVersion7(now)), new TaskGraph(order.Document.Tasks), now);
    }

    /// <summary>Cancels the run: tasks get their grace to end by themselves.</summary>
    public void Cancel()
    {
        _cancel = true;
        Volatile.Read(ref _asked).TrySetResult();
    }

    /// <summary>Cancels the run and kills its tasks at once, also those whose grace goes on.</summary>
    public void Kill()
    {
        _kill = true;
        Cancel();
    }

    /// <summary>Runs it to its end, once; cancelling the token kills it. <see cref="ClearAsync"/> is to be called after it, however it ended.</summary>
    /// <exception cref="SchedulerUnavailableException">The scheduler did not answer, and nothing was started.</exception>
    public async Task<Run> RunAsync(CancellationToken cancellationToken)
    {
        var backend = await _scheduler.ProbeAsync(cancellationToken);
        var worker = new WorkerId(Guid.CreateVersion7(_clock.GetUtcNow()));
        using var session = new WorkerSession(worker, backend, TimeSpan.MaxValue, Stopwatch.GetTimestamp());
        await using var killing = cancellationToken.Register(Kill);
        try
        {
            _run.Admit(_clock.GetUtcNow());
            Advance(session, _clock.GetUtcNow());
            while (!_run.State.IsFinal() || _handles.Count > 0)
            {
                await WaitAsync(session);
                var now = _clock.GetUtcNow();
                Take(session, now);
                Advance(session, now);
            }
        }
        finally
        {
            await session.EndAsync();
        }

        return _run;
    }

    /// <summary>Kills what an error left running, and removes every container of the run.</summary>
    /// <exception cref="SchedulerUnavailableException">The scheduler does not answer; containers may be left.</exception>
    public async Task ClearAsync()
    {
        foreach (var handle in _handles.Values) await _scheduler.StopAsync(_shepherd.NameOf(handle.Task), TimeSpan.Zero, CancellationToken.None);
        // The back end's clock may be behind ours: whatever ended at all is old enough.
        await _scheduler.CollectAsync(TimeSpan.FromDays(-1), CancellationToken.None);
    }

    /// <summary>Returns when there is something to do: a report, a time that has come, somebody's wish to stop, a shepherd that is done.</summary>
    private async Task WaitAsync(WorkerSession session)
    {
        using var either = new CancellationTokenSource();
        var waits = new List<Task> { session.Reports.WaitToReadAsync(either.Token).AsTask(), _asked.Task };
        if (NextTime() is { } next)
        {
            var left = next - _clock.GetUtcNow();
            waits.Add(Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _clock, either.Token));
        }

        waits.AddRange(_handles.Values.Select(h => h.Shepherd));
        await Task.WhenAny(waits);
        await either.CancelAsync();
    }

    /// <summary>When the next attempt is due, or the run's patience ends; null where nothing waits for a time.</summary>
    private DateTimeOffset? NextTime()
    {
        var retries = _run.Tasks.Values.Where(t => t.WaitingFor == WaitingFor.Retry).Select(t => t.WaitUntil);
        return retries.Append(EndOfPatience()).Min();
    }

    private DateTimeOffset? EndOfPatience() => _run.CancelRequestedAt is null && !_run.State.IsFinal() ? _run.StartedAt + _order.Document.Timeout : null;

    /// <summary>Takes in what happened meanwhile.</summary>
    private void Take(WorkerSession session, DateTimeOffset now)
    {
        while (session.Reports.TryRead(out var report)) report.Answer.TrySetResult(Take(session, report.Body, now));
        foreach (var task in _run.Tasks.Values.Where(t => t.WaitingFor == WaitingFor.Retry && t.WaitUntil <= now).ToList()) _run.Retry(task.Task, now);
        if (EndOfPatience() <= now) _run.TimeOut(_order.Document.Timeout!.Value, now);
        foreach (var (held, _) in _handles.Where(h => h.Value.Shepherd.IsCompleted).ToList()) _handles.Remove(held);

        // Made anew before it is looked at, so that no wish gets lost between the two.
        Volatile.Write(ref _asked, Wakeup());
        if (_cancel) _run.Cancel("Cancelled from the terminal.", now);
    }

    private ReportAnswer Take(WorkerSession session, TaskReport report, DateTimeOffset now)
    {
        var held = report.Held;
        var execution = _run.Tasks[held.Task];
        if (!execution.IsHeldBy(session.Worker, held.Fence)) return execution.State.IsFinal() ? ReportAnswer.Over : ReportAnswer.Fenced;
        if (report is TaskReport.Ended ended)
        {
            _store.Append(ended.Tail);
            session.Remove(held);
        }

        if (report.ApplyTo(_run, session.Worker, now) && report is TaskReport.Progress progress) _watcher.Waits(held.Task, progress.Message);
        return ReportAnswer.Accepted;
    }

    /// <summary>Does what follows from the run's present state: lets tasks in, starts them, passes wishes to stop on, and says what came of it.</summary>
    private void Advance(WorkerSession session, DateTimeOffset now)
    {
        _gate.Decide(_run, now);
        foreach (var task in _run.Enqueued) _ready.Enqueue(task);
        var claims = new List<int>();
        while (session.Held + claims.Count < _options.Capacity && _ready.TryDequeue(out var task))
        {
            var backend = session.Backend;
            if (_run.Claim(task, session.Worker, backend.Identity, backend.Kind, backend.Node, now)) claims.Add(task);
        }

        if (_run.NewEvents.Count > 0) _watcher.Changed(_run, [.. _run.NewEvents]);
        _run.Forget();
        foreach (var task in claims) Start(session, _run.Tasks[task]);
        foreach (var (held, handle) in _handles)
        {
            if (_run.Tasks[held.Task].StopRequestedAt is null) continue;
            if (_kill) handle.Kill();
            else handle.Stop();
        }
    }

    private void Start(WorkerSession session, TaskExecution execution)
    {
        var node = _run.Graph.Nodes[execution.Task];
        var claimed = new ClaimedTask
        {
            Held = new HeldTask(_run.Id, execution.Task, execution.Fence),
            Attempt = execution.Attempt,
            WasStarted = false,
            StopRequested = false,
            Namespace = _order.Namespace,
            Pipeline = _order.Document.Id,
            RunNumber = 0, // runs of a server count from 1, and so do versions: nothing that a task names by them meets theirs
            Version = 0,
            RunVariables = _order.Variables,
            Parameters = _order.Params,
            Matrix = node.Matrix,
            Children = _run.Graph.ChildrenOf(execution.Task),
            TaskId = node.Id,
            Definition = node.Definition,
        };
        _shepherd.Take(session, claimed);
        _handles.Add(claimed.Held, session.Find(claimed.Held)!);
    }

    private static TaskCompletionSource Wakeup() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
