using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Lets calls that come while one is under way share the next: a crowd of callers costs few round trips and few commits, and a single caller waits for
/// nobody. Whoever is answered was in a batch that ended well; what the database refuses of a batch is tried one by one, so it fails alone.
/// </summary>
/// <param name="most">The most calls of one batch.</param>
/// <param name="heaviest">The most that the calls of one batch weigh; one alone may weigh more.</param>
/// <param name="weigh">What a call weighs.</param>
/// <param name="run">Makes a batch; its answers are in the order of its calls.</param>
internal sealed class Crowd<TCall, TAnswer>(int most, long heaviest, Func<TCall, long> weigh, Func<IReadOnlyList<TCall>, Task<IReadOnlyList<TAnswer>>> run)
{
    private readonly Queue<Waiting> _waiting = [];
    private bool _runs;

    /// <summary>The answer to a call. Cancelled, it waits no longer; the call may be made all the same.</summary>
    public Task<TAnswer> AskAsync(TCall call, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(call, cancellationToken);
        lock (_waiting)
        {
            _waiting.Enqueue(waiting);
            if (!_runs)
            {
                _runs = true;
                _ = Task.Run(RunAsync, CancellationToken.None);
            }
        }

        return waiting.Answer.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (Take() is { Count: > 0 } batch) await RunAsync(batch);
    }

    /// <summary>The next batch; with none left the loop is over, and the next call starts another.</summary>
    private List<Waiting> Take()
    {
        var batch = new List<Waiting>();
        var weight = 0L;
        lock (_waiting)
        {
            while (batch.Count < most && _waiting.TryPeek(out var next))
            {
                if (!next.Cancelled.IsCancellationRequested)
                {
                    weight += weigh(next.Call);
                    if (batch.Count > 0 && weight > heaviest) break;
                    batch.Add(next);
                }

                _waiting.Dequeue();
            }

            _runs = batch.Count > 0;
        }

        return batch;
    }

    private async Task RunAsync(List<Waiting> batch)
    {
        try
        {
            var answers = await run([.. batch.Select(w => w.Call)]);
            for (var i = 0; i < batch.Count; i++) batch[i].Answer.TrySetResult(answers[i]);
        }
        catch (PostgresException e) when (batch.Count > 1 && !DatabaseTrouble.IsAway(e))
        {
            foreach (var waiting in batch) await RunAsync([waiting]);
        }
        // Whatever it was, each of its callers is told: a loop that dies silently would leave them waiting.
        catch (Exception e)
        {
            foreach (var waiting in batch) waiting.Answer.TrySetException(e);
        }
    }

    private sealed record Waiting(TCall Call, CancellationToken Cancelled)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
