using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Loops;

/// <summary>
/// The one loop of a worker that writes what happened to tasks and claims new ones: all that came while the last transaction was under
/// way goes into the next, with the claims, in one commit.
/// </summary>
internal sealed partial class EngineLoop(
    IWorkQueue queue, IScheduler scheduler, Sessions sessions, Shepherd shepherd, Wakeups wakeups, IOptions<WorkerOptions> options,
    DatabaseWatch watch, ILogger<EngineLoop> logger) : Loop(watch, logger)
{
    /// <summary>Reports that one transaction takes: of a short task its start and its end.</summary>
    private const int LargestBatch = 1000;

    private readonly WorkerOptions _options = options.Value;
    /// <summary>Refusals in a row after which reports are sent one by one, and one that is refused alone is set aside.</summary>
    private const int Patience = 3;

    private readonly List<Report> _unsent = [];
    private int _refusals;
    private bool _doubtful;
    private bool _mayHaveMore = true;
    private long _mark;

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var session = sessions.Current ?? await OpenAsync(cancellationToken);
        if (_doubtful) await ReconcileAsync(session, cancellationToken);

        Collect(session);
        if (_unsent.Count == 0 && !(_mayHaveMore && session.Held < _options.Capacity))
        {
            await WaitAsync(session, cancellationToken);
            Collect(session);
            // Where notifications arrive the heartbeat tells of what was missed; where they do not, somebody has to ask.
            _mayHaveMore |= !wakeups.Hears || wakeups.ReadyMark != _mark;
            if (_unsent.Count == 0 && !(_mayHaveMore && session.Held < _options.Capacity)) return;
        }

        // What becomes ready from here on the claim may not see: the next wait is from this mark, whatever came while the claim was under way.
        _mark = wakeups.ReadyMark;
        // Whose end is reported now has no place any more, whatever becomes of the report.
        if (_refusals >= Patience) await OneByOneAsync(session, cancellationToken);
        else await AdvanceAsync(session, _unsent, Math.Max(0, _options.Capacity - session.Held + _unsent.Count(r => r.Body is TaskReport.Ended)), cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (sessions.Current is not { } session) return;
        try
        {
            // What is already known is written; the rest is handed over, its containers untouched.
            Collect(session);
            if (_unsent.Count > 0) await AdvanceAsync(session, _unsent, 0, cancellationToken);
            await sessions.EndAsync(session);
            await queue.HandOverAsync(session.Worker, cancellationToken);
            Log.HandedOver(logger, session.Worker.ToString());
        }
        catch (Exception e) when (e is LeaseLostException or Npgsql.NpgsqlException or TimeoutException or OperationCanceledException)
        {
            Log.NotHandedOver(logger, e.Message);
        }
    }

    private async Task<WorkerSession> OpenAsync(CancellationToken cancellationToken)
    {
        _unsent.Clear();
        _doubtful = false;
        _mayHaveMore = true;
        var backend = await scheduler.ProbeAsync(cancellationToken);
        return await sessions.OpenAsync(backend, cancellationToken);
    }

    private void Collect(WorkerSession session)
    {
        while (_unsent.Count < LargestBatch && session.Reports.TryRead(out var report)) _unsent.Add(report);
    }

    private async Task WaitAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reported = session.Reports.WaitToReadAsync(either.Token).AsTask();
        // A worker that is full waits for its own tasks only.
        var jitter = _options.Poll * (0.8 + (0.4 * Random.Shared.NextDouble()));
        var ready = session.Held < _options.Capacity
            ? wakeups.WaitForReadyAsync(_mark, jitter, either.Token)
            : Task.Delay(jitter, either.Token);
        await Task.WhenAny(reported, ready);
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// What the database refuses whole it is offered piece by piece, so that one report which it will never take does not hold up the rest. That
    /// one's task is put back as one that the worker does not know of.
    /// </summary>
    private async Task OneByOneAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        foreach (var report in _unsent.ToList())
        {
            try
            {
                await AdvanceAsync(session, [report], 0, cancellationToken);
            }
            catch (Npgsql.PostgresException e) when (!DatabaseTrouble.IsAway(e))
            {
                Log.SetAside(logger, e, report.Body.Held.Run.ToString(), report.Body.Held.Task);
                _unsent.Remove(report);
                session.Remove(report.Body.Held);
                report.Answer.TrySetResult(ReportAnswer.Fenced);
            }
        }

        _refusals = 0;
    }

    private async Task AdvanceAsync(WorkerSession session, List<Report> reports, int free, CancellationToken cancellationToken)
    {
        Advance advance;
        try
        {
#if SABOTAGE_CHILDREN
            EarlyStarts.Taken.Value = claim => shepherd.Take(session, claim);
#endif
            advance = await queue.AdvanceAsync(
                session.Worker, session.Backend, [.. reports.Select(r => r.Body)], session.LeaseHolds ? free : 0, cancellationToken);
        }
        catch (LeaseLostException)
        {
            await sessions.LoseAsync(session);
            return;
        }
        catch (Exception e)
        {
            if (e is Npgsql.PostgresException refused && !DatabaseTrouble.IsAway(refused)) _refusals++;
            // Whether it was committed is not known: reports are sent again (repeating one changes nothing), claims are looked for.
            _doubtful = true;
            throw;
        }

        _refusals = 0;
        foreach (var report in reports)
        {
            var held = report.Body.Held;
            var accepted = !advance.Refused.TryGetValue(held, out var over);
            if (!accepted || report.Body is TaskReport.Ended) session.Remove(held);
            report.Answer.TrySetResult(accepted ? ReportAnswer.Accepted : over ? ReportAnswer.Over : ReportAnswer.Fenced);
        }

        if (reports.Count == _unsent.Count) _unsent.Clear();
        else _unsent.RemoveAll(reports.Contains);
        _mayHaveMore = !advance.CameUpShort;
#if !SABOTAGE_CHILDREN
        foreach (var claim in advance.Claims) shepherd.Take(session, claim);
#endif
    }

    private async Task ReconcileAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        var unknown = await queue.ReconcileAsync(session.Worker, session.Tasks, cancellationToken);
        if (unknown > 0) Log.Reconciled(logger, unknown);
        _doubtful = false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} handed its tasks over")]
        public static partial void HandedOver(ILogger logger, string worker);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The worker's tasks were not handed over and are taken when its lease runs out: {Reason}")]
        public static partial void NotHandedOver(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The database takes no report on task {Task} of run {Run}; the task goes back to the queue")]
        public static partial void SetAside(ILogger logger, Exception e, string run, int task);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} claimed tasks were put back: the answer that named them was lost")]
        public static partial void Reconciled(ILogger logger, int count);
    }
}
