using Gofer.Bench.Engine;
using Gofer.Bench.Limit;
using Gofer.Bench.Profile;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>How many executions of 10-task graphs a second the whole engine drains, and what each costs in the server's log.</summary>
internal sealed class Drain : IMeasurement, IProfiled
{
    private static readonly Line s_rate = new("drain of 10-task DAGs", "executions/s", "limit", new Goal.RatioAtLeast(0.5));
    private static readonly Line s_wal = new("WAL of an execution, drain", "bytes", "limit", new Goal.AtMost(2048));

    /// <summary>Hardly moves where others use the machine too, which the rates do.</summary>
    private static readonly Line s_processor = new("processor time of an execution, drain, with the server's", "us", "limit", Goal.None);

    public string Name => "drain";

    public Task ProfileAsync(Options options, TextWriter output, CancellationToken cancellationToken) => DrainProfile.PrintAsync(options.Runs, output, cancellationToken);

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var limit = await LimitDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken);
        var engine = await GoferDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken);
        (round.LimitRate, round.EngineRate) = (limit.Rate, engine.Rate);
        round.Report.Add(s_rate, engine.Rate, limit.Rate);
        round.Report.Add(s_wal, engine.Wal, limit.Wal);
        round.Report.Add(s_processor, engine.Processor, limit.Processor);
    }

    /// <summary>The rates of this round, measured now where nobody has yet.</summary>
    public static async Task<(double Engine, double Limit)> RatesAsync(Round round, CancellationToken cancellationToken)
    {
        round.LimitRate ??= (await LimitDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken)).Rate;
        round.EngineRate ??= (await GoferDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken)).Rate;
        return (round.EngineRate.Value, round.LimitRate.Value);
    }
}
