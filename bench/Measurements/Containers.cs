using System.Diagnostics;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Schedulers.Docker;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Bench.Measurements;

/// <summary>Real containers that do nothing, eight at a time: the whole engine against the same by hand over the engine's own client.</summary>
internal sealed class Containers : IMeasurement
{
    private const int AtOnce = 8;
    private static readonly string[] s_command = ["echo", "done"];
    private static readonly Line s_line = new("100 no-op containers on Docker, 8 at a time", "s", "create, start, wait, logs, remove", new Goal.RatioAtMost(1.15));

    private static readonly Line s_network = new("the same containers", "s", "the same in a network as Gofer's", Goal.None);

    public string Name => "docker";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (docker, trouble) = await BareDocker.FindAsync(cancellationToken);
        if (docker is null)
        {
            round.Report.Miss(s_line, trouble);
            return;
        }

        using (docker)
        {
            var count = round.Pick(100, 16);
            await BareAsync(docker, AtOnce, null, cancellationToken); // the engine's own first use
            var bare = await BareAsync(docker, count, null, cancellationToken);
            var engine = (await EngineAsync(docker, count, cancellationToken)).TotalSeconds;
            round.Report.Add(s_line, engine, bare.TotalSeconds);
            // The engine's worker has made the network by now.
            round.Report.Add(s_network, engine, (await BareAsync(docker, count, DockerScheduler.NetworkName, cancellationToken)).TotalSeconds);
        }
    }

    private static async Task<TimeSpan> BareAsync(BareDocker docker, int count, string? network, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (_, token) => await docker.RunAsync(s_command, network, token));
        return clock.Elapsed;
    }

    /// <summary>From the worker's first look at the queue until every end is recorded and every container removed.</summary>
    private static async Task<TimeSpan> EngineAsync(BareDocker docker, int count, CancellationToken cancellationToken)
    {
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        var pipeline = await install.Install.RegisterAsync(
            $$"""{"id":"noop","tasks":[{"id":"t","image":"{{BareDocker.Image}}","command":["echo","done"]}]}""", cancellationToken);
        await install.FillAsync(pipeline, count, cancellationToken);
        var id = install.Install.Services.GetRequiredService<GoferDatabase>().Install;
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = count;
        using var inner = new DockerScheduler(docker.Endpoint, () => id, TimeProvider.System);
        var scheduler = new ReleaseCounter(inner, () =>
        {
            if (Interlocked.Decrement(ref left) == 0) released.TrySetResult();
        });
        var clock = Stopwatch.StartNew();
        var worker = await install.AddWorkerAsync(scheduler, cancellationToken, capacity: AtOnce);
        await released.Task.WaitAsync(cancellationToken);
        await docker.RemoveAllAsync(id, cancellationToken);
        var took = clock.Elapsed;
        await worker.StopAsync(cancellationToken);
        await install.VerifyAsync(pipeline.Pipeline, count, count, cancellationToken);
        return took;
    }
}
