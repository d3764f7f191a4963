using System.Globalization;
using Gofer.Bench.Engine;

namespace Gofer.Bench.Profile;

/// <summary>
/// Where the time goes in which runs are created by REST: processor time of this process, in which callers and server are, of the database, and the
/// database's statements; for one run each.
/// </summary>
internal static class CreationProfile
{
    private const int Pipelines = 50;
    private const int Batch = 100;

    public static async Task PrintAsync(Options options, TextWriter output, CancellationToken cancellationToken)
    {
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        for (var i = 0; i < Pipelines; i++) await install.RegisterAsync(Dag.Ten, cancellationToken, $"p{i}");
        await using var api = await RestApi.StartAsync(install.Install.ConnectionString, cancellationToken);
        var statements = await ServerStatements.OpenAsync(install.Source, cancellationToken);
        await Callers.RateAsync(Pipelines, 20 * Pipelines, i => OneAsync(i % Pipelines));

        var singles = options.Quick ? 1000 : 6000;
        await ProfileAsync("50 callers, one pipeline", 1, () => Callers.RateAsync(50, singles, _ => OneAsync(0)), singles);
        await ProfileAsync("50 callers, 50 pipelines", 1, () => Callers.RateAsync(50, singles, i => OneAsync(i % Pipelines)), singles);

        var batches = options.Quick ? 20 : 200;
        var body = $$"""{"runs":[{{string.Join(",", Enumerable.Repeat("{}", Batch))}}]}""";
        await ProfileAsync(
            "batch route, 4 callers, 100 a request", Batch,
            () => Callers.RateAsync(4, batches, i => api.CreateAsync($"/api/v1/namespaces/default/pipelines/p{i % Pipelines}/runs/batch", body, cancellationToken)), batches);

        Task OneAsync(int pipeline) => api.CreateAsync($"/api/v1/namespaces/default/pipelines/p{pipeline}/runs", "{}", cancellationToken);

        async Task ProfileAsync(string what, int each, Func<Task<double>> create, int requests)
        {
            var runs = (double)requests * each;
            await statements.ResetAsync(cancellationToken);
            var work = await Work.BeginAsync(install.Source, cancellationToken);
            var rate = await create() * each;
            work = await work.EndAsync(install.Source, cancellationToken);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"profile of {runs:#,0} runs of {Dag.Ten.Count} tasks created at {rate:#,0} a second: {what}"));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  of a run's {1_000_000 / rate:0} us: {work.Own.TotalMicroseconds / runs:0} us of processor here, callers and server, {work.Server.TotalMicroseconds / runs:0} us in the database; {work.Wal / runs:#,0} bytes of WAL"));
            await statements.PrintAsync(runs, output, cancellationToken);
        }
    }
}
