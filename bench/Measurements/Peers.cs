using System.Globalization;
using System.Text.Json;
using Gofer.Bench.Contestants;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>Other queues on Postgres, a no-op job each, against the drain of the whole engine.</summary>
internal sealed class Peers : IMeasurement
{
    private const string What = "drain, against queues on Postgres";
    private static readonly Line s_flow = new(What, "executions/s", "pg-boss flow, its worker", new Goal.RatioAtLeast(12));
    private static readonly Line s_driven = new(What, "executions/s", "pg-boss flow, tuned by hand", Goal.None);
    private static readonly Line s_graphile = new(What, "executions/s", "graphile-worker, flat jobs, 10 at a time", new Goal.RatioAtLeast(4));
    private static readonly Line s_hangfire = new(What, "executions/s", "Hangfire, flat jobs", new Goal.RatioAtLeast(40));

    public string Name => "peers";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (engine, _) = await Drain.RatesAsync(round, cancellationToken);
        var (graphs, parents) = (Text(round.Pick(1000, 50)), JsonSerializer.Serialize(Dag.Ten.Parents));
        await NodeAsync(round, s_flow, "pg-boss-flow.js", engine, cancellationToken, graphs, parents, "default");
        await NodeAsync(round, s_driven, "pg-boss-flow.js", engine, cancellationToken, graphs, parents, "driven");
        await NodeAsync(round, s_graphile, "graphile-worker.js", engine, cancellationToken, Text(round.Pick(10_000, 1000)));
        round.Report.Add(s_hangfire, engine, await HangfirePeer.RunAsync(round.Pick(1500, 200), cancellationToken));
    }

    private static async Task NodeAsync(Round round, Line line, string script, double engine, CancellationToken cancellationToken, params string[] arguments)
    {
        var (rate, trouble) = await NodePeer.RunAsync(script, cancellationToken, arguments);
        if (trouble is null) round.Report.Add(line, engine, rate);
        else round.Report.Miss(line, trouble);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
