using System.Data;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>A drain while somebody's open transaction keeps every dead row in its place, against the same drain without.</summary>
internal sealed class Snapshot : IMeasurement
{
    private static readonly Line s_rate = new("drain while a session holds a snapshot", "executions/s", "without it", new Goal.RatioAtLeast(0.75));
    private static readonly Line s_fade = new("the same, last third over first third", "", "without it", new Goal.RatioAtLeast(0.75));

    public string Name => "snapshot";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var control = await GoferDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken);
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        await using var connection = await install.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using var look = connection.CreateCommand();
        look.CommandText = "select count(*) from gofer.ready_tasks";
        await look.ExecuteScalarAsync(cancellationToken);
        var held = await GoferDrain.RunAsync(install, Dag.Ten, round.Options.Runs, cancellationToken);
        round.Report.Add(s_rate, held.Rate, control.Rate);
        round.Report.Add(s_fade, held.Fade, control.Fade);
    }
}
