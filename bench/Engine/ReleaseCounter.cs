using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Bench.Engine;

/// <summary>Passes everything on and says when a task's end is recorded.</summary>
internal sealed class ReleaseCounter(IScheduler inner, Action released) : IScheduler
{
    public string Kind => inner.Kind;

    public Task<Backend> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

    public Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken) =>
        inner.StartAsync(spec, permit, progress, cancellationToken);

    public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => inner.InspectAsync(name, cancellationToken);

    public Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken) => inner.WaitAsync(name, cancellationToken);

    public IAsyncEnumerable<LogPiece> ReadLogsAsync(string name, long stdoutOffset, long stderrOffset, CancellationToken cancellationToken) =>
        inner.ReadLogsAsync(name, stdoutOffset, stderrOffset, cancellationToken);

    public Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken) => inner.StopAsync(name, grace, cancellationToken);

    public async Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        await inner.ReleaseAsync(name, cancellationToken);
        released();
    }

    public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => inner.CollectAsync(retention, cancellationToken);
}
