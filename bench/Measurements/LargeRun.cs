using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>What a task costs in a run of 1,000 tasks against one in a run of 10 of the same shape; the same number of tasks is drained.</summary>
internal sealed class LargeRun : IMeasurement
{
    private static readonly Line s_cost = new("time of a task of a 1,000-task run, drain", "ms", "a 10-task run", new Goal.RatioAtMost(1.5));

    public string Name => "large-run";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var runs = Math.Max(1, round.Options.Runs / 100);
        var small = await GoferDrain.RunAsync(Dag.Ten, runs * 100, cancellationToken);
        var large = await GoferDrain.RunAsync(Dag.Thousand, runs, cancellationToken);
        round.Report.Add(s_cost, 1000 / large.Rate, 1000 / small.Rate);
    }
}
