using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Bench;

/// <summary>A scheduler whose containers end at once with one line of output: what is left is the engine.</summary>
internal sealed class NoOpScheduler : IScheduler
{
    private static readonly byte[] Line = "done\n"u8.ToArray();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _ended = new();

    public string Kind => "no-op";

    public Task<Backend> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new Backend(Kind, "no-op", Environment.MachineName, "nothing at all"));

    public Task<ContainerStarted> StartAsync(ContainerSpec spec, IProgress<string> progress, CancellationToken cancellationToken) =>
        Task.FromResult(new ContainerStarted(_ended.GetOrAdd(spec.Name, _ => TimeProvider.System.GetUtcNow()), null));

    public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Status(name));

    public Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Status(name));

    public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
        string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (stdoutOffset < Line.Length) yield return new LogPiece(LogStream.Stdout, Line.AsMemory((int)stdoutOffset));
    }

    public Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        _ended.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => Task.FromResult(0);

    private ContainerStatus Status(string name) => _ended.TryGetValue(name, out var at)
        ? new ContainerStatus.Ended(0, false, at, at, null)
        : new ContainerStatus.Absent();
}
