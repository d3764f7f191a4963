using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>Log lines stored beside executions, where each writes a hundred.</summary>
internal sealed class Logs : IMeasurement
{
    private const int Lines = 100;

    private static readonly Line s_lines = new("log lines stored, 100 a task, drain", "lines/s", "", new Goal.AtLeast(200_000));
    private static readonly Line s_tasks = new("executions beside them", "executions/s", "", new Goal.AtLeast(2000));

    public string Name => "logs";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var drained = await GoferDrain.RunAsync(Dag.Ten, round.Options.Runs, cancellationToken, lines: Lines);
        round.Report.Add(s_lines, drained.Rate * Lines);
        round.Report.Add(s_tasks, drained.Rate);
    }
}
