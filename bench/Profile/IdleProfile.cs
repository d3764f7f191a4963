using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Profile;

/// <summary>
/// What happens in the time that one run takes on a system that does nothing else: its creation, the way of the word to a worker, the transaction that
/// claims, and for a chain each step from one task's start to the next one's.
/// </summary>
internal static class IdleProfile
{
    public static async Task PrintAsync(Options options, TextWriter output, CancellationToken cancellationToken)
    {
        await PrintAsync(Dag.One, options.Quick ? 60 : 400, output, cancellationToken);
        await PrintAsync(Dag.Chain, options.Quick ? 20 : 100, output, cancellationToken);
    }

    private static async Task PrintAsync(Dag dag, int runs, TextWriter output, CancellationToken cancellationToken)
    {
        var steps = new ConcurrentQueue<Step>();
        var starts = new ConcurrentQueue<long>();
        var ends = new SemaphoreSlim(0);
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        var pipeline = await install.RegisterAsync(dag, cancellationToken);
        var scheduler = new NoOpScheduler
        {
            Started = _ => starts.Enqueue(Stopwatch.GetTimestamp()),
            Released = () => ends.Release(),
        };
        var watches = new Stopwatches();
        await install.AddWorkerAsync(
            scheduler, cancellationToken,
            also: services => services.Decorate<IWorkQueue>(inner => new TimedQueue(inner, watches)
            {
                Advanced = (began, ended, reports, advance) => steps.Enqueue(new Step(began, ended, reports, advance.Claims.Count)),
            }));
        var statements = await ServerStatements.OpenAsync(install.Source, cancellationToken);
        var times = new Dictionary<string, List<double>>();
        for (var i = 0; i < runs; i++)
        {
            if (i == runs / 4) await WarmAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(15, 40)), cancellationToken);
            steps.Clear();
            starts.Clear();
            var began = Stopwatch.GetTimestamp();
            await install.CreateAsync(pipeline, 1, cancellationToken);
            var created = Stopwatch.GetTimestamp();
            for (var task = 0; task < dag.Count; task++) await ends.WaitAsync(cancellationToken);
            var over = Stopwatch.GetTimestamp();
            Add("creation, until it is answered", began, created);
            Add("from there to the end of the last task", created, over);
            var claim = steps.First(s => s.Claims > 0);
            Add("from the answer to the claiming transaction's begin", created, claim.Began);
            Add("the claiming transaction", claim.Began, claim.Ended);
            Add("from its end to the container's start", claim.Ended, starts.First());
            foreach (var step in steps.Where(s => s is { Reports: > 0, Claims: > 0 })) Add("a transaction that reports and claims", step.Began, step.Ended);
            foreach (var (from, to) in starts.Zip(starts.Skip(1))) Add("from one task's start to the next one's", from, to);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"profile of {runs - (runs / 4)} runs of {dag.Count} task{(dag.Count == 1 ? "" : "s")}, one at a time, idle; milliseconds"));
        foreach (var (what, laps) in times)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-55} p50 {Report.Percentile(laps, 0.5),7:0.00}, p99 {Report.Percentile(laps, 0.99),7:0.00}, {laps.Count} times"));
        }

        await statements.PrintAsync((runs - (runs / 4)) * dag.Count, output, cancellationToken);

        // What is compiled and planned at the first uses is not what idle means.
        async Task WarmAsync()
        {
            times.Clear();
            await statements.ResetAsync(cancellationToken);
        }

        void Add(string what, long from, long to)
        {
            if (!times.TryGetValue(what, out var laps)) times[what] = laps = [];
            laps.Add(Math.Max(0, Stopwatch.GetElapsedTime(from, to).TotalMilliseconds));
        }
    }

    private readonly record struct Step(long Began, long Ended, int Reports, int Claims);
}
