using Gofer.Tests.Chaos.Install;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>
/// A class of faults, with how many of it the profile plans. One pass injects one; a class that fired less than its plan fails the run, for
/// a harness that injected nothing must not pass.
/// </summary>
internal abstract class Fault(GoferInstall install, FaultLog log, int planned)
{
    /// <summary>A process that has just come up holds nothing yet that could be lost.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(1.5);

    private int _fired;

    public abstract string Name { get; }

    public int Planned => planned;

    public int Fired => _fired;

    protected GoferInstall Install => install;

    protected FaultLog Log => log;

    /// <summary>Injects one fault, again where it found nothing to strike; <paramref name="number"/> counts them from 0.</summary>
    public async Task FireAsync(int number, Random random, CancellationToken cancellationToken)
    {
        while (!await InjectAsync(number, random, cancellationToken)) await Task.Delay(100, cancellationToken);
        Interlocked.Increment(ref _fired);
    }

    /// <summary>Whether the fault took place.</summary>
    protected abstract Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken);

    /// <summary>
    /// One of the nodes that work; waits until two do. Where a start takes long, as on a machine that others use too, the install would
    /// otherwise spend its time in starting.
    /// </summary>
    protected static async Task<Node> VictimAsync(IReadOnlyList<Node> nodes, Random random, CancellationToken cancellationToken)
    {
        while (true)
        {
            var up = nodes.Where(n => n.UpFor > s_settled && !n.IsSpared).ToList();
            if (up.Count > 0 && nodes.Count(n => n.IsUp) > 1) return up[random.Next(up.Count)];
            await Task.Delay(50, cancellationToken);
        }
    }
}
