using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Secrets;

namespace Gofer.Worker.Tasks;

/// <summary>
/// What a worker process holds now: its registration, its lease by its own monotonic clock, its tasks, and what they have to report. When
/// the lease is lost everything is forgotten at once; the containers go on, and whoever claims their tasks finds them.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    /// <summary>How often a start that waits for the lease looks at it.</summary>
    private static readonly TimeSpan LeaseLook = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<HeldTask, TaskHandle> _held = new();
    private readonly Channel<Report> _reports = Channel.CreateUnbounded<Report>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _over = new();
    private readonly TimeSpan _lease;
    private long _renewed;

    public WorkerSession(WorkerId worker, Backend backend, TimeSpan lease, long registered) =>
        (Worker, Backend, _lease, _renewed) = (worker, backend, lease, registered);

    public WorkerId Worker { get; }

    public Backend Backend { get; }

    /// <summary>Ends when the lease is lost or the tasks were handed over; nothing is said or started under this session afterwards.</summary>
    public CancellationToken Over => _over.Token;

    public int Held => _held.Count;

    public IReadOnlyCollection<HeldTask> Tasks => [.. _held.Keys];

    public ChannelReader<Report> Reports => _reports.Reader;

    /// <summary>
    /// Whether the lease surely holds: judged from before the renewal was sent, so that this clock gives up before the database's does.
    /// Asked right before the step that makes a container's command run.
    /// </summary>
    public bool LeaseHolds => !_over.IsCancellationRequested && Stopwatch.GetElapsedTime(Volatile.Read(ref _renewed)) < _lease;

    /// <summary>
    /// Returns once the lease surely holds. A start that meets a lease in doubt waits: a renewal lets it go on, and a lease that is lost ends
    /// the session and with it the wait; the task is the next holder's and has not failed.
    /// </summary>
    public Task UntilLeaseHoldsAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled(cancellationToken);
        return LeaseHolds ? Task.CompletedTask : WaitForLeaseAsync(cancellationToken);
    }

    public void Renewed(long sent) => Volatile.Write(ref _renewed, sent);

    public void Add(TaskHandle handle) => _held[handle.Task.Held] = handle;

    public bool Remove(HeldTask task) => _held.TryRemove(task, out _);

    public TaskHandle? Find(HeldTask task) => _held.GetValueOrDefault(task);

    /// <summary>Queues a report; the answer is whether it was accepted. Never answered once the session is over.</summary>
    public Task<ReportAnswer> ReportAsync(TaskReport report)
    {
        var queued = new Report(report);
        _reports.Writer.TryWrite(queued);
        return queued.Answer.Task.WaitAsync(Over);
    }

    /// <summary>Ends the session; shepherds stop where they are.</summary>
    public async Task EndAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_held.Values.Select(h => h.Shepherd)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _held.Clear();
    }

    public void Dispose() => _over.Dispose();

    private async Task WaitForLeaseAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Over);
        while (!LeaseHolds) await Task.Delay(LeaseLook, either.Token);
    }
}

/// <summary>A claimed task with the task that shepherds its container.</summary>
internal sealed class TaskHandle(ClaimedTask task) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _kill = new();
    private bool _overdue;

    public ClaimedTask Task { get; } = task;

    /// <summary>What the task's secrets are; none before <see cref="Know"/>.</summary>
    public ResolvedSecrets Secrets { get; private set; } = ResolvedSecrets.None;

    /// <summary>What must not be read in anything that the task says; nothing before <see cref="Know"/>.</summary>
    public MaskSet Masks { get; private set; } = MaskSet.None;

    public Task Shepherd { get; set; } = System.Threading.Tasks.Task.CompletedTask;

    /// <summary>Whether the attempt ran longer than it may and was therefore stopped.</summary>
    public bool IsOverdue
    {
        get => Volatile.Read(ref _overdue);
        set => Volatile.Write(ref _overdue, value);
    }

    /// <summary>
    /// Takes in the task's secrets and makes <see cref="Masks"/> of them, before anything is started. Not where the task is claimed: of long secrets
    /// it takes a while, in which nothing else would be claimed.
    /// </summary>
    public void Know(ResolvedSecrets secrets)
    {
        Secrets = secrets;
        Masks = MaskSet.Of(secrets.Values.Where(s => Interpolation.IsSecret(s.Key.Kind)).Select(s => s.Value));
    }

    /// <summary>Whether somebody asked to stop the task.</summary>
    public bool StopRequested => _stop.IsCancellationRequested;

    public void Stop() => Cancel(_stop);

    /// <summary>Stops the task without grace, also where a stop with grace is under way.</summary>
    public void Kill()
    {
        Cancel(_stop);
        Cancel(_kill);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _kill.Dispose();
    }

    /// <summary>Calls <paramref name="action"/> when somebody asks to stop the task, at once where it was asked before.</summary>
    public CancellationTokenRegistration OnStop(Action action) => _stop.Token.Register(action);

    /// <summary>Calls <paramref name="action"/> when somebody asks to kill the task, at once where it was asked before.</summary>
    public CancellationTokenRegistration OnKill(Action action) => _kill.Token.Register(action);

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it ended just now
        }
    }
}

/// <summary>A report with the promise of its answer.</summary>
internal sealed record Report(TaskReport Body)
{
    public TaskCompletionSource<ReportAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What became of a report.</summary>
internal enum ReportAnswer
{
    /// <summary>It is in the database.</summary>
    Accepted,

    /// <summary>Somebody else holds the task now.</summary>
    Fenced,

    /// <summary>The task has ended; a container of it is nobody's.</summary>
    Over,
}
