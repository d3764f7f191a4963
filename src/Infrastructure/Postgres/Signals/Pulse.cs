namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>A signal that any number of waiters wait for; one that came between taking a mark and waiting is not missed.</summary>
internal sealed class Pulse
{
    private readonly Lock _gate = new();
    private long _count;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Mark
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    public void Raise()
    {
        TaskCompletionSource waiters;
        lock (_gate)
        {
            _count++;
            (waiters, _next) = (_next, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        waiters.SetResult();
    }

    /// <summary>Returns once the pulse was raised after <paramref name="mark"/>, or after <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task next;
        lock (_gate)
        {
            if (_count != mark) return;
            next = _next.Task;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(atMost, timeout.Token);
        await Task.WhenAny(next, delay);
        await timeout.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
