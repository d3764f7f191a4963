using System.Diagnostics;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>Runs of 10 tasks come at 0.4 of what each contender drains by itself: how long their roots wait.</summary>
internal sealed class Sustained : IMeasurement
{
    private const double Share = 0.4;

    private static readonly Line s_half = new("pickup at 0.4 of its own drain rate, p50", "ms", "limit", Goal.None);
    private static readonly Line s_most = new("pickup at 0.4 of its own drain rate, p99", "ms", "limit", new Goal.RatioAtMost(2));

    public string Name => "sustained";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (engine, limit) = await Drain.RatesAsync(round, cancellationToken);
        var seconds = round.Pick(15, 5);
        List<double> theirs, ours;
        await using (var contender = await LimitContender.StartAsync(Dag.Ten, cancellationToken)) theirs = await LoadAsync(contender, Share * limit / 10, seconds, cancellationToken);
        await using (var contender = await GoferContender.StartAsync(Dag.Ten, cancellationToken)) ours = await LoadAsync(contender, Share * engine / 10, seconds, cancellationToken);
        round.Report.Add(s_half, Report.Percentile(ours, 0.5), Report.Percentile(theirs, 0.5));
        round.Report.Add(s_most, Report.Percentile(ours, 0.99), Report.Percentile(theirs, 0.99));
    }

    /// <summary>An open loop: what is due by the clock is created, however long the earlier ones take.</summary>
    private static async Task<List<double>> LoadAsync(Contender contender, double rate, int seconds, CancellationToken cancellationToken)
    {
        var all = Task.CompletedTask;
        var (created, total) = (0, (int)(rate * seconds));
        var clock = Stopwatch.StartNew();
        while (created < total)
        {
            var due = Math.Min((int)(clock.Elapsed.TotalSeconds * rate), total) - created;
            if (due > 0)
            {
                all = await contender.CreateAsync(Math.Min(due, 100), cancellationToken);
                created += Math.Min(due, 100);
            }
            else
            {
                await Task.Delay(1, cancellationToken);
            }
        }

        await all.WaitAsync(cancellationToken);
        return contender.Waits();
    }
}
