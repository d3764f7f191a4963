using System.Diagnostics;
using Gofer.Bench.Engine;
using Gofer.Bench.Profile;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>One run at a time on a system that has nothing else to do: how soon it is taken, and how soon a chain of ten is through.</summary>
internal sealed class Idle : IMeasurement, IProfiled
{
    private static readonly Line s_half = new("ready to claimed, idle, p50", "ms", "limit", new Goal.RatioAtMost(1.5));
    private static readonly Line s_most = new("ready to claimed, idle, p99", "ms", "limit", new Goal.RatioAtMost(1.5));
    private static readonly Line s_chain = new("chain of 10 tasks, idle, creation to end, p50", "ms", "limit", new Goal.RatioAtMost(1.5));

    public string Name => "idle";

    public Task ProfileAsync(Options options, TextWriter output, CancellationToken cancellationToken) => IdleProfile.PrintAsync(options, output, cancellationToken);

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (claimed, _) = await OneByOneAsync(Dag.One, round.Pick(400, 60), gofer: false, cancellationToken);
        var (ours, _) = await OneByOneAsync(Dag.One, round.Pick(400, 60), gofer: true, cancellationToken);
        round.Report.Add(s_half, Report.Percentile(ours, 0.5), Report.Percentile(claimed, 0.5));
        round.Report.Add(s_most, Report.Percentile(ours, 0.99), Report.Percentile(claimed, 0.99));

        var (_, limit) = await OneByOneAsync(Dag.Chain, round.Pick(100, 20), gofer: false, cancellationToken);
        var (_, engine) = await OneByOneAsync(Dag.Chain, round.Pick(100, 20), gofer: true, cancellationToken);
        round.Report.Add(s_chain, Report.Percentile(engine, 0.5), Report.Percentile(limit, 0.5));
    }

    private static async Task<(List<double> Waits, List<double> Whole)> OneByOneAsync(Dag dag, int runs, bool gofer, CancellationToken cancellationToken)
    {
        await using Contender contender = gofer ? await GoferContender.StartAsync(dag, cancellationToken) : await LimitContender.StartAsync(dag, cancellationToken);
        var whole = new List<double>();
        for (var i = 0; i < runs; i++)
        {
            // Idle means idle: the pause is longer than any wake-up that is still under way.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(15, 40)), cancellationToken);
            var began = Stopwatch.GetTimestamp();
            await (await contender.CreateAsync(1, cancellationToken)).WaitAsync(cancellationToken);
            whole.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return (contender.Waits(), whole);
    }
}
