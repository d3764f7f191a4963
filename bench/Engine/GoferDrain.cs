using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gofer.Bench.Engine;

/// <summary>What a drain came to.</summary>
/// <param name="Rate">Task executions a second, from the worker's first look at the queue to the last end recorded.</param>
/// <param name="Creation">Runs a second that were created before, in orders of 100.</param>
/// <param name="Wal">Bytes of the server's log for each execution.</param>
/// <param name="Processor">Microseconds of processor time for each execution, of this process and of the server.</param>
/// <param name="Fade">The rate of the last third over that of the first.</param>
internal sealed record Drained(double Rate, double Creation, double Wal, double Processor, double Fade);

/// <summary>Runs wait, then one worker comes and works until all have ended.</summary>
internal static class GoferDrain
{
    /// <summary>On an install of its own.</summary>
    public static async Task<Drained> RunAsync(Dag dag, int runs, CancellationToken cancellationToken, Func<string, string>? route = null, int lines = 1)
    {
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        return await RunAsync(install, dag, runs, cancellationToken, route, lines);
    }

    /// <summary>On an install that is there; <paramref name="route"/> says by which address the worker reaches its database.</summary>
    public static async Task<Drained> RunAsync(
        GoferInstall install, Dag dag, int runs, CancellationToken cancellationToken, Func<string, string>? route = null, int lines = 1,
        Action<IServiceCollection>? also = null, Func<Task>? begin = null, Func<Task>? end = null)
    {
        var pipeline = await install.RegisterAsync(dag, cancellationToken);
        var creating = Stopwatch.StartNew();
        await install.FillAsync(pipeline, runs, cancellationToken);
        var creation = runs / creating.Elapsed.TotalSeconds;

        var tasks = (long)runs * dag.Count;
        var progress = new Progress(tasks);
        var scheduler = new NoOpScheduler(lines) { Probed = progress.Begin, Started = _ => progress.Started(), Released = progress.Ended };
        if (begin is not null) await begin();
        var work = await Work.BeginAsync(install.Source, cancellationToken);
        var worker = await install.AddWorkerAsync(scheduler, cancellationToken, route?.Invoke(install.Install.ConnectionString), also);
        await progress.All.WaitAsync(cancellationToken);
        var rate = progress.Rate();
        work = await work.EndAsync(install.Source, cancellationToken);
        if (end is not null) await end();
        await worker.StopAsync(cancellationToken);
        await install.VerifyAsync(pipeline.Pipeline, runs, tasks, cancellationToken);
        return new Drained(rate, creation, (double)work.Wal / tasks, work.Processor.TotalMicroseconds / tasks, progress.Fade());
    }

    private sealed class Progress(long tasks)
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _begin;
        private long _first;
        private long _second;
        private long _end;
        private long _started;
        private long _ended;

        public Task All => _all.Task;

        public void Begin() => _begin = Stopwatch.GetTimestamp();

        public void Started()
        {
            var count = Interlocked.Increment(ref _started);
            if (count == tasks / 3) _first = Stopwatch.GetTimestamp();
            if (count == tasks * 2 / 3) _second = Stopwatch.GetTimestamp();
        }

        public void Ended()
        {
            if (Interlocked.Increment(ref _ended) < tasks) return;
            _end = Stopwatch.GetTimestamp();
            _all.TrySetResult();
        }

        public double Rate() => tasks / Stopwatch.GetElapsedTime(_begin, _end).TotalSeconds;

        public double Fade() => Stopwatch.GetElapsedTime(_begin, _first) / Stopwatch.GetElapsedTime(_second, _end);
    }
}
