using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Schedulers.Process;
using Gofer.Worker;
using Gofer.Worker.Local;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Engine;

/// <summary>Stops of real processes through a back end that does not do what it was asked for the first times.</summary>
public sealed class StopTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("gofer-stop-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_that_failed_or_did_nothing_is_asked_for_again_until_the_task_has_ended(bool fails)
    {
        using var processes = new ProcessScheduler(_root, TimeProvider.System);
        var scheduler = new Deaf(processes, times: 2, fails);
        var started = new Started();
        using var json = System.Text.Json.JsonDocument.Parse("""{"id":"p","tasks":[{"id":"t","image":"i","command":["sleep","300"]}]}""");
        var order = new LocalOrder { Namespace = "default", Document = DocumentReader.Read(json.RootElement, DocumentLimits.Default).Value };
        await using var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddLogging()
            .AddSingleton(order)
            .AddSingleton<ILocalWatcher>(started)
            .AddSingleton<IScheduler>(scheduler)
            .AddGoferLocalRun()
            .BuildServiceProvider();
        var local = services.GetRequiredService<LocalRun>();
        var running = local.RunAsync(Ct);
        await started.Running.WaitAsync(Ct);
        local.Cancel();
        var run = await running;
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Equal(143, run.Tasks[0].ExitCode);
        Assert.Equal(3, scheduler.Stops);
        await local.ClearAsync();
    }

    /// <summary>Notes that the task runs.</summary>
    private sealed class Started : ILocalWatcher
    {
        private readonly TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Running => _running.Task;

        public void Wrote(int task, LogStream stream, ReadOnlyMemory<byte> bytes)
        {
        }

        public void Waits(int task, string message)
        {
        }

        public void Changed(Run run, IReadOnlyList<RunEvent> events)
        {
            if (events.Any(e => e.Type == EventTypes.TaskStarted)) _running.TrySetResult();
        }
    }

    /// <summary>A back end that hears a stop only after some times; before, it either fails or says that all is well.</summary>
    private sealed class Deaf(IScheduler inner, int times, bool fails) : IScheduler
    {
        private int _stops;

        public int Stops => _stops;

        public string Kind => inner.Kind;

        public Task<Backend> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<ContainerStarted> StartAsync(
            ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken) =>
            inner.StartAsync(spec, permit, progress, cancellationToken);

        public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => inner.InspectAsync(name, cancellationToken);

        public Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken) => inner.WaitAsync(name, cancellationToken);

        public IAsyncEnumerable<LogPiece> ReadLogsAsync(string name, long stdoutOffset, long stderrOffset, CancellationToken cancellationToken) =>
            inner.ReadLogsAsync(name, stdoutOffset, stderrOffset, cancellationToken);

        public Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _stops) > times) return inner.StopAsync(name, grace, cancellationToken);
            return fails ? throw new SchedulerUnavailableException("It does not answer.") : Task.CompletedTask;
        }

        public Task ReleaseAsync(string name, CancellationToken cancellationToken) => inner.ReleaseAsync(name, cancellationToken);

        public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => inner.CollectAsync(retention, cancellationToken);
    }
}
