using System.Collections.Concurrent;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>Hears of ends as they happen, by one watch over the folder of exit files; a hint only, whoever waits looks for himself too.</summary>
internal sealed class ExitWatch : IDisposable
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);
    private readonly FileSystemWatcher _watcher;

    public ExitWatch(string folder)
    {
        _watcher = new FileSystemWatcher(folder) { NotifyFilter = NotifyFilters.FileName };
        _watcher.Created += (_, e) => Ended(e.Name);
        _watcher.Renamed += (_, e) => Ended(e.Name);
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Returns when the task's exit file appeared after the call, or after <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(string name, Func<bool> isThere, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var ended = _waiting.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        if (isThere()) return; // it came before the wait began
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(ended, Task.Delay(atMost, timeout.Token));
        await timeout.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Forget(string name) => _waiting.TryRemove(name, out _);

    public void Dispose() => _watcher.Dispose();

    private void Ended(string? name)
    {
        if (name is not null && _waiting.TryRemove(name, out var waiting)) waiting.TrySetResult();
    }
}
