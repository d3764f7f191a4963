using Gofer.Bench.Engine;
using Gofer.Bench.Limit;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>What a worker process asks of the database: while there is nothing to do, and for each execution under load.</summary>
internal sealed class Statements : IMeasurement
{
    private static readonly Line s_idle = new("statements of an idle worker process", "1/s", "", new Goal.AtMost(0.5));
    private static readonly Line s_load = new("statements of an execution, drain", "", "limit", new Goal.AtMost(0.05));

    public string Name => "statements";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        round.Report.Add(s_idle, await IdleAsync(TimeSpan.FromSeconds(round.Pick(60, 15)), cancellationToken));

        var tasks = (double)round.Options.Runs * Dag.Ten.Count;
        var limit = await CountAsync(route => LimitDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken, route));
        var engine = await CountAsync(route => GoferDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken, route));
        round.Report.Add(s_load, engine / tasks, limit / tasks);
    }

    private static async Task<double> IdleAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        await using var proxy = new CountingProxy(install.Install.ConnectionString);
        var worker = await install.AddWorkerAsync(new NoOpScheduler(), cancellationToken, proxy.ConnectionString);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken); // what every process does once at its start
        var before = proxy.Statements;
        await Task.Delay(time, cancellationToken);
        var statements = proxy.Statements - before;
        await worker.StopAsync(cancellationToken);
        return statements / time.TotalSeconds;
    }

    private static async Task<long> CountAsync(Func<Func<string, string>, Task> drain)
    {
        CountingProxy? proxy = null;
        await drain(address => (proxy = new CountingProxy(address)).ConnectionString);
        await using var used = proxy!;
        return used.Statements;
    }
}
