using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Infrastructure.Schedulers.Process;
using Gofer.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gofer.Tests.Integration.Engine;

/// <summary>A worker that is told of ready tasks at a moment at which it does not listen.</summary>
public sealed class WakeupTests(QueueInstall shared) : EngineTest(shared)
{
    [Fact]
    public async Task A_task_that_becomes_ready_while_a_claim_comes_back_empty_does_not_wait_for_the_heartbeat()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p"), Ct);
        var folder = Directory.CreateTempSubdirectory("gofer-wakeup-").FullName;
        using var scheduler = new ProcessScheduler(folder, TimeProvider.System);
        var made = new TaskCompletionSource<RunId>(TaskCreationOptions.RunContinuationsAsynchronously);
        var worker = await Install.AddHostAsync(
            services => services
                .AddSingleton<IScheduler>(scheduler)
                .AddGoferWorker()
                .Replace(ServiceDescriptor.Singleton<IWorkQueue>(provider => new Meanwhile(
                    ActivatorUtilities.CreateInstance<WorkQueue>(provider), provider.GetRequiredService<Wakeups>(),
                    async () => made.TrySetResult((await Install.CreateRunAsync(pipeline, Ct)).Id)))),
            Ct, ("Gofer:Worker:Lease", "00:10:00")); // its next heartbeat comes after minutes

        var ended = await Install.WaitForEndAsync(await made.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct), TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(RunState.Succeeded, ended.State);
        await worker.StopAsync(Ct);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The queue itself; but between the first empty claim and its answer another process makes a run, and this one has heard of it.</summary>
    private sealed class Meanwhile(IWorkQueue queue, Wakeups wakeups, Func<Task> make) : IWorkQueue
    {
        private bool _done;

        public async Task<Advance> AdvanceAsync(
            WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit, CancellationToken cancellationToken)
        {
            while (!_done && !wakeups.Hears) await Task.Yield();
            var advance = await queue.AdvanceAsync(worker, backend, reports, claimLimit, cancellationToken);
            if (_done || !advance.CameUpShort) return advance;
            _done = true;
            var mark = wakeups.ReadyMark;
            await make();
            await wakeups.WaitForReadyAsync(mark, TimeSpan.FromSeconds(30), cancellationToken);
            return advance;
        }

        public Task<WorkerId> RegisterAsync(string name, Backend backend, TimeSpan lease, CancellationToken cancellationToken) => queue.RegisterAsync(name, backend, lease, cancellationToken);

        public Task<Renewal?> RenewAsync(WorkerId worker, TimeSpan lease, CancellationToken cancellationToken) => queue.RenewAsync(worker, lease, cancellationToken);

        public Task<IReadOnlyList<HeldTask>> StopsAsync(WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken) => queue.StopsAsync(worker, held, cancellationToken);

        public Task<Swept> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken) => queue.SweepAsync(lostAfter, poisonLimit, cancellationToken);

        public Task<(int Fired, TimeSpan? Next)> FireTimersAsync(CancellationToken cancellationToken) => queue.FireTimersAsync(cancellationToken);

        public Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken) => queue.ReconcileAsync(worker, known, cancellationToken);

        public Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken) => queue.HandOverAsync(worker, cancellationToken);
    }
}
