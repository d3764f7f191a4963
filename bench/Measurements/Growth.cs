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

    private const int WarmPages = 300;
    private const int Pages = 500;

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
        var without = await GoferDrain.RunAsync(young, Dag.Ten, round.Options.Runs, cancellationToken);
        var with = await GoferDrain.RunAsync(_old, Dag.Ten, round.Options.Runs, cancellationToken);
        round.Report.Add(s_create, 1000 / with.Creation, 1000 / without.Creation);
        round.Report.Add(s_drain, 1000 / with.Rate, 1000 / without.Rate);
        var pages = await PagesAsync([_old, young], cancellationToken);
        round.Report.Add(s_list, pages[0], pages[1]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_old is not null) await _old.DisposeAsync();
    }

    /// <summary>
    /// The median time of a page of the run list in milliseconds, for each install. They take turns, and what a process does for the first time is
    /// left out: a page takes a few milliseconds, of which the compiler's are more than the database's.
    /// </summary>
    private static async Task<IReadOnlyList<double>> PagesAsync(IReadOnlyList<GoferInstall> installs, CancellationToken cancellationToken)
    {
        var page = new Uri("/api/v1/namespaces/default/runs?limit=50", UriKind.Relative);
        var apis = new List<RestApi>();
        try
        {
            foreach (var install in installs) apis.Add(await RestApi.StartAsync(install.Install.ConnectionString, cancellationToken));
            var times = installs.Select(_ => new List<double>()).ToList();
            for (var i = 0; i < WarmPages + Pages; i++)
            {
                foreach (var (api, taken) in apis.Zip(times))
                {
                    var began = Stopwatch.GetTimestamp();
                    (await api.Client.GetAsync(page, cancellationToken)).EnsureSuccessStatusCode().Dispose();
                    if (i >= WarmPages) taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            }

            return [.. times.Select(Report.Median)];
        }
        finally
        {
            foreach (var api in apis) await api.DisposeAsync();
        }
    }
}
