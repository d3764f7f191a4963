using System.Runtime.CompilerServices;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Tests.Support.Engine;
using Gofer.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Engine;

public sealed class RefusedReportTests(QueueInstall shared) : EngineTest(shared)
{
    [Fact]
    public async Task A_report_that_the_database_never_takes_holds_up_no_other_task()
    {
        var pipeline = await Install.RegisterAsync(
            """{"id":"p","tasks":[{"id":"bad","image":"i","command":["bad"]},{"id":"good","image":"i","command":["good"]}]}""", Ct);
        var runs = await Install.CreateRunsAsync(pipeline, 5, Ct);
        var scheduler = new Unspeakable();
        var worker = await Install.AddHostAsync(services => services.AddSingleton<IScheduler>(scheduler).AddGoferWorker(), Ct);
        foreach (var run in runs) Assert.Equal(RunState.Succeeded, (await Install.WaitForEndAsync(run.Id, TimeSpan.FromSeconds(60), Ct)).State);
        Assert.Equal(5, scheduler.Refused);
        await worker.StopAsync(Ct);
    }

    /// <summary>A back end whose first word on an ended container is one that Postgres has no letter for.</summary>
    private sealed class Unspeakable : IScheduler
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, bool> _bad = new();
        private int _refused;

        public int Refused => _refused;

        public string Kind => "test";

        public Task<Backend> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(TestInstall.Backend);

        public Task<ContainerStarted> StartAsync(
            ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken)
        {
            _bad.TryAdd(spec.Name, spec.Command[0] == "bad");
            return Task.FromResult(new ContainerStarted(DateTimeOffset.UnixEpoch, null));
        }

        public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => Task.FromResult<ContainerStatus>(Status());

        public Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken)
        {
            var status = Status();
            if (_bad.TryUpdate(name, false, true))
            {
                Interlocked.Increment(ref _refused);
                status = new ContainerStatus.Ended(1, false, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "\0");
            }

            return Task.FromResult<ContainerStatus>(status);
        }

        public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
            string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            yield break;
        }

        public Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ReleaseAsync(string name, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => Task.FromResult(0);

        private static ContainerStatus.Ended Status() => new(0, false, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, null);
    }
}
