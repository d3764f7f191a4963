using System.Diagnostics;
using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;

namespace Gofer.Bench.Profile;

/// <summary>The queue as it is, with a stopwatch at its door.</summary>
internal sealed class TimedQueue(IWorkQueue inner, Stopwatches watches) : IWorkQueue
{
    /// <summary>Told of each advance: the stopwatch before and after it, how many reports it took in, and what it came to.</summary>
    public Action<long, long, int, Advance> Advanced { get; init; } = (_, _, _, _) => { };

    public Task<WorkerId> RegisterAsync(string name, Backend backend, TimeSpan lease, CancellationToken cancellationToken) =>
        inner.RegisterAsync(name, backend, lease, cancellationToken);

    public Task<Renewal?> RenewAsync(WorkerId worker, TimeSpan lease, CancellationToken cancellationToken) => inner.RenewAsync(worker, lease, cancellationToken);

    public async Task<Advance> AdvanceAsync(
        WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var advance = await watches.TimeAsync(
            "advance (size: reports and claims)", () => inner.AdvanceAsync(worker, backend, reports, claimLimit, cancellationToken), a => a.Claims.Count + reports.Count);
        Advanced(began, Stopwatch.GetTimestamp(), reports.Count, advance);
        return advance;
    }

    public Task<IReadOnlyList<HeldTask>> StopsAsync(WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken) =>
        inner.StopsAsync(worker, held, cancellationToken);

    public Task<Swept> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken) =>
        watches.TimeAsync("sweep", () => inner.SweepAsync(lostAfter, poisonLimit, cancellationToken), swept => swept.Moved);

    public Task<(int Fired, TimeSpan? Next)> FireTimersAsync(CancellationToken cancellationToken) => inner.FireTimersAsync(cancellationToken);

    public Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken) =>
        inner.ReconcileAsync(worker, known, cancellationToken);

    public Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken) => inner.HandOverAsync(worker, cancellationToken);
}

/// <summary>The log store as it is, with a stopwatch where workers write.</summary>
internal sealed class TimedLogs(ILogStore inner, Stopwatches watches) : ILogStore
{
    public Task<LogAppend> AppendAsync(LogOwner owner, IReadOnlyList<LogChunk> chunks, CancellationToken cancellationToken) =>
        watches.TimeAsync("append of a task's log (size: chunks)", () => inner.AppendAsync(owner, chunks, cancellationToken), _ => chunks.Count);

    public Task<LogPosition> PositionAsync(RunId run, int task, int attempt, CancellationToken cancellationToken) =>
        watches.TimeAsync("position of a task's log", () => inner.PositionAsync(run, task, attempt, cancellationToken), _ => 1);

    public Task<IReadOnlyList<LogChunk>> ReadTaskAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) after, int limit, CancellationToken cancellationToken) =>
        inner.ReadTaskAsync(run, task, attempt, stream, after, limit, cancellationToken);

    public Task<IReadOnlyList<LogChunk>> ReadTaskBackwardsAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) before, int limit, CancellationToken cancellationToken) =>
        inner.ReadTaskBackwardsAsync(run, task, attempt, stream, before, limit, cancellationToken);

    public Task<IReadOnlyList<LogChunk>> ReadRunAsync(
        RunId run, LogStream? stream, LogArrival after, bool settled, int limit, CancellationToken cancellationToken) =>
        inner.ReadRunAsync(run, stream, after, settled, limit, cancellationToken);

    public Task<IReadOnlyList<LogChunk>> ReadRunBackwardsAsync(
        RunId run, LogStream? stream, LogArrival? before, bool settled, int limit, CancellationToken cancellationToken) =>
        inner.ReadRunBackwardsAsync(run, stream, before, settled, limit, cancellationToken);
}
