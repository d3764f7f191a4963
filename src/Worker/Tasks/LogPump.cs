using Gofer.Application.Common;
using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Secrets;
using Gofer.Worker.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Tasks;

/// <summary>
/// Moves one attempt's output from the back end to the log store until its end, from wherever an earlier holder came to. Holds at most
/// a few hundred kilobytes: while the database does not take them, the container's own log waits.
/// </summary>
internal sealed partial class LogPump(
    ILogSink sink, IStoreWatch store, TimeProvider clock, IOptions<WorkerOptions> options, ILogger<LogPump> logger)
{
    /// <summary>How long output may wait to be stored.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(200);

    /// <summary>How much output is stored at once.</summary>
    private const int Flush = 256 * 1024;

    /// <summary>The most bytes at the end of an output that are not stored apart but go with the attempt's end.</summary>
    private const int LargestTail = 4 * 1024;

    /// <summary>Returns when all of the container's output is stored but for what it answers, which is to be stored with the attempt's end.</summary>
    public async Task<IReadOnlyList<LogChunk>> RunAsync(
        IScheduler scheduler, WorkerSession session, ClaimedTask task, string name, MaskSet masks, CancellationToken cancellationToken)
    {
        var owner = new LogOwner(task.Held.Run, task.Held.Task, task.Attempt, session.Worker, task.Held.Fence);
        // The first claim that a task ever had: nobody can have stored anything, so nobody is asked.
        LogPosition? known = task.Held.Fence == 1 ? new LogPosition() : null;
        for (var failures = 1; ; failures++)
        {
            try
            {
                var position = known ?? await sink.PositionAsync(owner.Run, owner.Task, owner.Attempt, cancellationToken);
                known = null;
                // Where an append failed it may still come to its end behind our back, so after that every chunk goes the same way.
                if (await PumpAsync(scheduler, owner, name, position, masks, failures == 1, cancellationToken) is { } tail) return tail;
            }
            catch (Exception e) when (e is SchedulerUnavailableException || store.IsTrouble(e))
            {
                // That the store is away is said once for all.
                if (failures == 1 && (!store.IsAway(e) || await store.JudgeAsync(cancellationToken))) Log.Waits(logger, name, e.Message);
                await Task.Delay(Loop.Backoff(failures), cancellationToken);
                await store.HereAsync(cancellationToken);
            }
        }
    }

    /// <summary>What is left for the attempt's end; null where another holder moved the position: read it again.</summary>
    private async Task<IReadOnlyList<LogChunk>?> PumpAsync(
        IScheduler scheduler, LogOwner owner, string name, LogPosition position, MaskSet masks, bool mayLeaveTail, CancellationToken cancellationToken)
    {
        var cutter = new LogCutter(owner.Task, owner.Attempt, position);
        var limit = options.Value.LogLimit;
        var intake = new LogIntake(cutter, masks, limit - position.Stdout - position.Stderr, limit, clock);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var pieces = scheduler.ReadLogsAsync(name, position.Stdout, position.Stderr, reading.Token).GetAsyncEnumerator(reading.Token);
        var next = pieces.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (!cutter.IsEmpty && !next.IsCompleted && await Task.WhenAny(next, Task.Delay(Delay, cancellationToken)) != next)
                {
                    if (await StoreAsync(owner, cutter.Take(final: false, clock.GetUtcNow()), cancellationToken) is { } early) return early ? [] : null;
                }

                if (!await next) break;
                intake.Add(pieces.Current);
                next = pieces.MoveNextAsync().AsTask();
                if (cutter.ReadyBytes < Flush) continue;
                if (await StoreAsync(owner, cutter.Take(final: false, clock.GetUtcNow()), cancellationToken) is { } over) return over ? [] : null;
            }

            intake.Finish();
#if SABOTAGE_LOG // the last chunk is dropped
            return [];
#else
            var last = cutter.Take(final: true, clock.GetUtcNow());
            if (mayLeaveTail && last.Sum(c => c.Bytes.Length) <= LargestTail) return last;
            return await StoreAsync(owner, last, cancellationToken) ?? true ? [] : null;
#endif
        }
        finally
        {
            // An enumerator must not be disposed of while it still moves.
            await reading.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Null where the chunks are stored; else whether the pump is done.</summary>
    private async Task<bool?> StoreAsync(LogOwner owner, IReadOnlyList<LogChunk> chunks, CancellationToken cancellationToken) =>
        await sink.AppendAsync(owner, chunks, cancellationToken) switch
        {
            LogAppend.Stored => null,
            LogAppend.Moved => false,
            _ => true, // fenced: the rest is the next holder's
        };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The output of {Name} waits to be stored: {Reason}")]
        public static partial void Waits(ILogger logger, string name, string reason);
    }
}
