using Gofer.Tests.Chaos.Install;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>
/// What the proxy does to connections, in turn: one worker whose renewals alone never arrive, a slow spell that ends with a cut of everything
/// in the middle of a message, connections half of which go half-open, a cut out of the blue.
/// </summary>
internal sealed class NetworkFault(GoferInstall install, FaultLog log, int planned) : Fault(install, log, planned)
{
    /// <summary>A piece of the statement by which a worker renews its lease. Where that is written anew this fault no longer fires, and says so.</summary>
    private static readonly byte[] s_renewal = "update gofer.workers set lease_until"u8.ToArray();

    public override string Name => "cut, half-open or slow connections";

    protected override Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken) => (number % 6) switch
    {
        0 or 2 or 4 => StalledRenewalsAsync(random, cancellationToken),
        1 => SlowThenCutAsync(random, cancellationToken),
        3 => HalfOpenAsync(random, cancellationToken),
        _ => CutAsync(random),
    };

    /// <summary>While everything is slow many transactions are under way at once: the cut then hits them between any two of their messages.</summary>
    private async Task<bool> SlowThenCutAsync(Random random, CancellationToken cancellationToken)
    {
        Log.Note(Name);
        Install.Proxy.Delay = TimeSpan.FromMilliseconds(40 + random.Next(80));
        await Task.Delay(TimeSpan.FromSeconds(2 + random.NextDouble()), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var cut = Install.Proxy.CutAsync(_ => true);
        await Task.Delay(200, CancellationToken.None);
        Install.Proxy.Delay = TimeSpan.Zero;
        return await cut > 0;
    }

    /// <summary>The worker works on and does not know that its lease ran out: every word of it must be refused.</summary>
    private async Task<bool> StalledRenewalsAsync(Random random, CancellationToken cancellationToken)
    {
        var victim = await VictimAsync(Install.Workers, random, cancellationToken);
        Log.Note(Name, victim.ProcessName);
        victim.IsSpared = true;
        try
        {
            return await Install.Proxy.TrapAsync(
                victim.ProcessName, s_renewal, GoferInstall.Lease + TimeSpan.FromSeconds(3.5 + random.NextDouble()), cancellationToken) > 0;
        }
        finally
        {
            victim.IsSpared = false;
        }
    }

    private async Task<bool> HalfOpenAsync(Random random, CancellationToken cancellationToken)
    {
        Log.Note(Name);
        var salt = random.Next();
        return await Install.Proxy.HalfOpenAsync(
            link => HashCode.Combine(salt, link) % 2 == 0, TimeSpan.FromSeconds(3 + (3 * random.NextDouble())), cancellationToken) > 0;
    }

    private async Task<bool> CutAsync(Random random)
    {
        Log.Note(Name);
        var salt = random.Next();
        return await Install.Proxy.CutAsync(link => HashCode.Combine(salt, link) % 3 > 0) > 0;
    }
}
