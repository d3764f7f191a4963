using System.Threading.Channels;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Signals;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// The door for callers. Creation is one loop a process: the orders that came while a transaction was under way share the next one, so
/// a crowd of callers costs few commits; an order that the database refuses is tried alone, so it fails alone.
/// </summary>
internal sealed class RunWriter(
    RunCreation creation, EngineTransaction transactions, RunReader reader, Admission admission, Notifier notifier, TimeProvider clock) : BackgroundService, IRunWriter
{
    /// <summary>Orders that share one transaction at most.</summary>
    private const int LargestBatch = 100;

    /// <summary>Orders that wait at most; beyond it callers wait to be let in.</summary>
    private const int LongestQueue = 1000;

    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });

    /// <inheritdoc/>
    public async Task<Result<CreateAnswer>> CreateAsync(CreateOrder order, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(order, cancellationToken);
        await _queue.Writer.WriteAsync(waiting, cancellationToken);
        return await waiting.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Result> CancelAsync(RunId run, string? message, CancellationToken cancellationToken) =>
        ChangeAsync(run, (loaded, now) => loaded.Cancel(message, now), cancellationToken);

    /// <inheritdoc/>
    public Task<Result> CancelTaskAsync(RunId run, int task, string? message, CancellationToken cancellationToken) =>
        ChangeAsync(run, (loaded, now) => loaded.CancelTask(task, message, now), cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Waiting? deferred = null;
        try
        {
            while (deferred is not null || await _queue.Reader.WaitToReadAsync(stoppingToken))
            {
                var (batch, next) = Take(deferred);
                deferred = next;
                if (batch.Count > 0) await CreateAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the host stops; whoever still waits is told below
        }
        finally
        {
            _queue.Writer.TryComplete();
            deferred?.Answer.TrySetCanceled(stoppingToken);
            while (_queue.Reader.TryRead(out var waiting)) waiting.Answer.TrySetCanceled(stoppingToken);
        }
    }

    /// <summary>The next batch, in which no idempotency key stands twice; the order that would repeat one opens the batch after it.</summary>
    private (List<Waiting> Batch, Waiting? Deferred) Take(Waiting? first)
    {
        var batch = new List<Waiting>();
        var keys = new HashSet<(string, string)>();
        var runs = 0;
        for (var next = first; batch.Count < LargestBatch && runs < 1000; next = null)
        {
            if (next is null && !_queue.Reader.TryRead(out next)) break;
            if (next.Cancelled.IsCancellationRequested)
            {
                next.Answer.TrySetCanceled(next.Cancelled);
                continue;
            }

            if (next.Order.Claim is { } claim && !keys.Add((claim.Scope, claim.Key))) return (batch, next);
            batch.Add(next);
            runs += next.Order.Runs.Count;
        }

        return (batch, null);
    }

    private async Task CreateAsync(List<Waiting> batch, CancellationToken cancellationToken)
    {
        try
        {
            var created = await creation.CreateAsync([.. batch.Select(w => w.Order)], cancellationToken);
            notifier.Ready();
            notifier.Changed();
            for (var i = 0; i < batch.Count; i++) batch[i].Answer.TrySetResult(created.Answers[i]);
            if (created.Superseded.Count > 0) await MakeRoomAsync(created.Superseded, cancellationToken);
        }
        catch (PostgresException) when (batch.Count > 1)
        {
            foreach (var waiting in batch) await CreateAsync([waiting], cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            foreach (var waiting in batch) waiting.Answer.TrySetException(e);
        }
        catch (OperationCanceledException)
        {
            foreach (var waiting in batch) waiting.Answer.TrySetCanceled(cancellationToken);
            throw;
        }
    }

    /// <summary>Runs that were cancelled for newer ones are being stopped; what had no container yet made room at once.</summary>
    private async Task MakeRoomAsync(IReadOnlyList<PipelineId> pipelines, CancellationToken cancellationToken)
    {
        notifier.Stop();
        try
        {
            foreach (var pipeline in pipelines) await admission.AdmitAsync(pipeline, cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // What was created is created and was answered; the sweep admits too.
        }
    }

    private async Task<Result> ChangeAsync(RunId id, Func<Run, DateTimeOffset, bool> change, CancellationToken cancellationToken)
    {
        var found = await transactions.RunAsync<(bool Found, bool Changed, LoadedRun? Run)>(
            async (session, token) =>
            {
                var runs = await reader.LoadWholeAsync(session, [id], token);
                if (!runs.TryGetValue(id, out var loaded)) return default;
                var now = clock.GetUtcNow();
                if (!change(loaded.Run, now)) return (true, false, loaded);
                var gate = await SlotGate.DecideAsync(session, [loaded], now, token);
                var writes = new Writes();
                RunWrites.Update(writes, [loaded]);
                gate.Write(writes);
                await session.CommitAsync(writes, token);
                return (true, true, loaded);
            },
            cancellationToken);
        if (!found.Found) return new Error(ErrorKind.NotFound, ErrorCodes.RunNotFound, $"No run has the id {id}.");
        if (found.Changed)
        {
            notifier.Stop();
            notifier.Changed();
            notifier.Ready();
            await admission.AfterAsync([found.Run!], cancellationToken);
        }

        return Result.Ok;
    }

    private sealed record Waiting(CreateOrder Order, CancellationToken Cancelled)
    {
        public TaskCompletionSource<Result<CreateAnswer>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
