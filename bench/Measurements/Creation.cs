using Gofer.Bench.Engine;
using Gofer.Bench.Limit;
using Gofer.Bench.Profile;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>Runs of 10 tasks created a second by REST on loopback, one a request and by the batch route; the prototype takes numbers from a head row too.</summary>
internal sealed class Creation : IMeasurement, IProfiled
{
    private const int Count = 50;
    private const int Batch = 100;

    private static readonly Line s_one = new("runs created by REST, 50 callers, one pipeline", "runs/s", "limit, one commit each", new Goal.RatioAtLeast(0.5));
    private static readonly Line s_many = new("runs created by REST, 50 callers, 50 pipelines", "runs/s", "limit, one commit each", new Goal.RatioAtLeast(0.5));
    private static readonly Line s_batch = new("runs created by the batch route, 4 callers, 100 a request", "runs/s", "limit, 100 a commit", new Goal.RatioAtLeast(0.5));

    public string Name => "creation";

    public Task ProfileAsync(Options options, TextWriter output, CancellationToken cancellationToken) => CreationProfile.PrintAsync(options, output, cancellationToken);

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        await using var database = await LimitDatabase.StartAsync(cancellationToken);
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        for (var i = 0; i < Count; i++)
        {
            await database.RegisterAsync(i, Dag.Ten, cancellationToken);
            await install.RegisterAsync(Dag.Ten, cancellationToken, $"p{i}");
        }

        await using var api = await RestApi.StartAsync(install.Install.ConnectionString, cancellationToken);
        var creation = new LimitCreation(database.Source);
        await Callers.RateAsync(Count, 10 * Count, i => LimitAsync(i % Count, 1));
        await Callers.RateAsync(Count, 10 * Count, i => RestAsync(i % Count));

        var singles = round.Pick(6000, 1000);
        foreach (var (line, pipelines) in new[] { (s_one, 1), (s_many, Count) })
        {
            var limit = await Callers.RateAsync(Count, singles, i => LimitAsync(i % pipelines, 1));
            round.Report.Add(line, await Callers.RateAsync(Count, singles, i => RestAsync(i % pipelines)), limit);
        }

        var batches = round.Pick(200, 20);
        var body = $$"""{"runs":[{{string.Join(",", Enumerable.Repeat("{}", Batch))}}]}""";
        var prototype = await Callers.RateAsync(4, batches, i => LimitAsync(i % Count, Batch));
        var engine = await Callers.RateAsync(4, batches, i => api.CreateAsync($"/api/v1/namespaces/default/pipelines/p{i % Count}/runs/batch", body, cancellationToken));
        round.Report.Add(s_batch, engine * Batch, prototype * Batch);

        Task LimitAsync(int pipeline, int runs) => creation.CreateAsync(pipeline, Dag.Ten, runs, cancellationToken);
        Task RestAsync(int pipeline) => api.CreateAsync($"/api/v1/namespaces/default/pipelines/p{pipeline}/runs", "{}", cancellationToken);
    }
}
