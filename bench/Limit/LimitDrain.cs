using System.Diagnostics;

namespace Gofer.Bench.Limit;

/// <summary>The same drain by the prototype.</summary>
internal static class LimitDrain
{
    /// <summary>Executions a second; bytes of the server's log and microseconds of processor time for each.</summary>
    public static async Task<(double Rate, double Wal, double Processor)> RunAsync(Dag dag, int runs, CancellationToken cancellationToken, Func<string, string>? route = null)
    {
        await using var database = await LimitDatabase.StartAsync(cancellationToken);
        await database.RegisterAsync(1, dag, cancellationToken);
        var creation = new LimitCreation(database.Source);
        for (var left = runs; left > 0; left -= 100) await creation.CreateAsync(1, dag, Math.Min(left, 100), cancellationToken);

        await using var routed = route is null ? null : LimitDatabase.Open(route(database.ConnectionString));
        var source = routed ?? database.Source;
        var ended = 0L;
        var worker = new LimitWorker(source, new LimitCompleter(source)) { Ended = n => ended += n };
        var work = await Work.BeginAsync(database.Source, cancellationToken);
        var clock = Stopwatch.StartNew();
        await worker.DrainAsync(cancellationToken);
        var rate = (double)runs * dag.Count / clock.Elapsed.TotalSeconds;
        work = await work.EndAsync(database.Source, cancellationToken);
        if (ended != runs) throw new InvalidOperationException($"{ended} runs of {runs} ended.");
        return (rate, (double)work.Wal / runs / dag.Count, work.Processor.TotalMicroseconds / runs / dag.Count);
    }
}
