using Gofer.Application.Schedulers;
using Gofer.Bench.Limit;

namespace Gofer.Bench.Engine;

/// <summary>What creates runs in one place while a worker elsewhere is there to take them: the engine or the prototype.</summary>
internal abstract class Contender : IAsyncDisposable
{
    /// <summary>Milliseconds that the root of each run waited for its claim.</summary>
    public abstract List<double> Waits();

    /// <summary>Creates runs in one commit, and answers a task that ends when all that were created so far have ended.</summary>
    public abstract Task<Task> CreateAsync(int runs, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>Counts what is still to come; runs are created from one place only.</summary>
    protected sealed class Outstanding
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _count;

        public Task Expect(long more)
        {
            lock (_gate)
            {
                if (_count <= 0) _none = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _count += more;
                return _none.Task;
            }
        }

        public void Came(long number)
        {
            lock (_gate)
            {
                _count -= number;
                if (_count == 0) _none.TrySetResult();
            }
        }
    }
}

/// <summary>The engine: one host creates, another works.</summary>
internal sealed class GoferContender : Contender
{
    private readonly Claims<string> _claims = new();
    private readonly Outstanding _tasks = new();
    private readonly GoferInstall _install;
    private readonly Dag _dag;
    private (Domain.Common.NamespaceId, Domain.Common.PipelineId) _pipeline;

    private GoferContender(GoferInstall install, Dag dag) => (_install, _dag) = (install, dag);

    public static async Task<GoferContender> StartAsync(Dag dag, CancellationToken cancellationToken)
    {
        var contender = new GoferContender(await GoferInstall.StartAsync(cancellationToken), dag);
        contender._pipeline = await contender._install.RegisterAsync(dag, cancellationToken);
        var scheduler = new NoOpScheduler
        {
            Started = spec => contender._claims.Claimed(spec.Labels[ContainerLabels.RunId]),
            Released = () => contender._tasks.Came(1),
        };
        await contender._install.AddWorkerAsync(scheduler, cancellationToken);
        return contender;
    }

    public override List<double> Waits() => _claims.Waits();

    public override async Task<Task> CreateAsync(int runs, CancellationToken cancellationToken)
    {
        var all = _tasks.Expect((long)runs * _dag.Count);
        _claims.Created((await _install.CreateAsync(_pipeline, runs, cancellationToken)).Select(r => r.ToString()));
        return all;
    }

    public override ValueTask DisposeAsync() => _install.DisposeAsync();
}

/// <summary>The prototype: one connection creates and notifies, another listens and works.</summary>
internal sealed class LimitContender : Contender
{
    private readonly Claims<long> _claims = new();
    private readonly Outstanding _runs = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly LimitDatabase _database;
    private readonly LimitCreation _creation;
    private readonly Dag _dag;
    private Task _working = Task.CompletedTask;

    private LimitContender(LimitDatabase database, Dag dag) => (_database, _creation, _dag) = (database, new LimitCreation(database.Source), dag);

    public static async Task<LimitContender> StartAsync(Dag dag, CancellationToken cancellationToken)
    {
        var contender = new LimitContender(await LimitDatabase.StartAsync(cancellationToken), dag);
        await contender._database.RegisterAsync(1, dag, cancellationToken);
        var worker = new LimitWorker(contender._database.Source, new LimitCompleter(contender._database.Source))
        {
            Claimed = claims =>
            {
                foreach (var (run, _) in claims) contender._claims.Claimed(run);
            },
            Ended = contender._runs.Came,
        };
        contender._working = worker.RunAsync(contender._stop.Token);
        return contender;
    }

    public override List<double> Waits() => _claims.Waits();

    public override async Task<Task> CreateAsync(int runs, CancellationToken cancellationToken)
    {
        var all = _runs.Expect(runs);
        _claims.Created(await _creation.CreateAsync(1, _dag, runs, cancellationToken));
        await _creation.NotifyAsync(cancellationToken);
        return all;
    }

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _working;
        _stop.Dispose();
        await _database.DisposeAsync();
    }
}
