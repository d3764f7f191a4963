using Gofer.Tests.Chaos.Install;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>The faults of a profile at times that the seed decides: each class spread over the whole length, with room at both ends.</summary>
internal sealed class FaultPlan
{
    /// <summary>On a machine that others use too, victims are late: they are waited for, but not for ever.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    private readonly Profile _profile;
    private readonly int _seed;

    public FaultPlan(Profile profile, int seed, GoferInstall install, FaultLog log)
    {
        (_profile, _seed) = (profile, seed);
        Classes =
        [
            new ProcessKill(install, log, profile.WorkerKills, "kill -9 of a worker", install.Workers),
            new ProcessKill(install, log, profile.ApiKills, "kill -9 of an API", install.Apis),
            new Pause(install, log, profile.Pauses),
            new PostgresRestart(install, log, profile.PostgresRestarts),
            new BackendKill(install, log, profile.BackendKills),
            new NetworkFault(install, log, profile.NetworkFaults),
            new RollingRestart(install, log, profile.RollingRestarts),
        ];
    }

    public IReadOnlyList<Fault> Classes { get; }

    /// <summary>Injects all of them; one that finds no victim before the time is over does not take place. Returns when the last has passed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(_profile.Length + s_grace);
        await Task.WhenAll(Classes.Select((fault, i) => RunAsync(fault, new Random(_seed + (1000 * i)), over.Token)));
    }

    /// <summary>One after the other: two of a class never overlap, those of different classes do.</summary>
    private async Task RunAsync(Fault fault, Random random, CancellationToken over)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < fault.Planned; i++)
        {
            // The last moments are left free for faults that take some seconds.
            var room = (_profile.Length - TimeSpan.FromSeconds(10)) / fault.Planned;
            var wait = TimeSpan.FromSeconds(1) + (room * (i + (0.6 * random.NextDouble()))) - clock.Elapsed;
            try
            {
                if (wait > TimeSpan.Zero) await Task.Delay(wait, over);
                await fault.FireAsync(i, random, over);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
