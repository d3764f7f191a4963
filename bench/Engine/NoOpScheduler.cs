using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Bench.Engine;

/// <summary>
/// A scheduler whose containers end at once, if nothing else is said, with some lines of output: what is left is the engine. It stands behind the same port and the
/// same watch and log loops as docker.
/// </summary>
internal sealed class NoOpScheduler(int lines = 1) : IScheduler
{
    private readonly byte[] _output = Encoding.UTF8.GetBytes(lines == 1
        ? "done\n"
        : string.Concat(Enumerable.Range(0, lines).Select(i => $"{i:00000} the quick brown fox jumps over the lazy dog, again and again\n")));

    private readonly ConcurrentDictionary<string, DateTimeOffset> _ends = new();

    /// <summary>Called when the engine looked who the back end is, before its first claim.</summary>
    public Action Probed { get; set; } = () => { };

    /// <summary>Called when a container is wanted, which is when its claim was committed and heard of.</summary>
    public Action<ContainerSpec> Started { get; set; } = _ => { };

    /// <summary>How long a container runs; nothing, where nobody says otherwise.</summary>
    public Func<ContainerSpec, TimeSpan> Lasts { get; set; } = _ => TimeSpan.Zero;

    /// <summary>Called when a task's end is recorded.</summary>
    public Action Released { get; set; } = () => { };

    public string Kind => "no-op";

    public Task<Backend> ProbeAsync(CancellationToken cancellationToken)
    {
        Probed();
        return Task.FromResult(new Backend(Kind, "no-op", Environment.MachineName, "nothing at all"));
    }

    public async Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken)
    {
        await permit(cancellationToken);
        Started(spec);
        var now = TimeProvider.System.GetUtcNow();
        _ends.GetOrAdd(spec.Name, now + Lasts(spec));
        return new ContainerStarted(now, null);
    }

    public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Status(name));

    public async Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken)
    {
        if (_ends.TryGetValue(name, out var at) && at - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } left) await Task.Delay(left + TimeSpan.FromMilliseconds(1), cancellationToken);
        return Status(name);
    }

    public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
        string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (stdoutOffset < _output.Length) yield return new LogPiece(LogStream.Stdout, _output.AsMemory((int)stdoutOffset));
    }

    public Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        _ends.TryRemove(name, out _);
        Released();
        return Task.CompletedTask;
    }

    public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => Task.FromResult(0);

    private ContainerStatus Status(string name) => !_ends.TryGetValue(name, out var at) ? new ContainerStatus.Absent()
        : at > TimeProvider.System.GetUtcNow() ? new ContainerStatus.Running(TimeProvider.System.GetUtcNow())
        : new ContainerStatus.Ended(0, false, at, at, null);
}
