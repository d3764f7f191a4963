using System.Diagnostics;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>Creation, drain and the run list with millions of finished executions in the tables, against the same without.</summary>
internal sealed class Growth : IMeasurement, IAsyncDisposable
{
    private static readonly Line s_create = new("time to create a run, with history", "ms", "without", new Goal.RatioAtMost(1.1));
    private static readonly Line s_drain = new("time of an execution, drain, with history", "ms", "without", new Goal.RatioAtMost(1.1));
    private static readonly Line s_list = new("time of a page of the run list, with history", "ms", "without", new Goal.RatioAtMost(1.1));

    private GoferInstall? _old;

    public string Name => "growth";

    public bool OnlyWhenNamed => true;

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        if (_old is null)
        {
            _old = await GoferInstall.StartAsync(cancellationToken);
            await History.WriteAsync(_old, round.Options.History, cancellationToken);
        }

        await using var young = await GoferInstall.StartAsync(cancellationToken);
        var without = await CostAsync(young, round, cancellationToken);
        var with = await CostAsync(_old, round, cancellationToken);
        round.Report.Add(s_create, with.Create, without.Create);
        round.Report.Add(s_drain, with.Drain, without.Drain);
        round.Report.Add(s_list, with.List, without.List);
    }

    public async ValueTask DisposeAsync()
    {
        if (_old is not null) await _old.DisposeAsync();
    }

    private static async Task<(double Create, double Drain, double List)> CostAsync(GoferInstall install, Round round, CancellationToken cancellationToken)
    {
        var runs = round.Options.Runs;
        var drained = await GoferDrain.RunAsync(install, Dag.Ten, runs, cancellationToken);
        await using var api = await RestApi.StartAsync(install.Install.ConnectionString, cancellationToken);
        var page = new Uri("/api/v1/namespaces/default/runs?limit=50", UriKind.Relative);
        var times = new List<double>();
        for (var i = 0; i < 100; i++)
        {
            var began = Stopwatch.GetTimestamp();
            (await api.Client.GetAsync(page, cancellationToken)).EnsureSuccessStatusCode().Dispose();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return (1000 / drained.Creation, 1000 / drained.Rate, Report.Median(times));
    }
}
