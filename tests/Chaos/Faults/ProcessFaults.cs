using Gofer.Tests.Chaos.Install;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>kill -9 of a process, which another follows at once.</summary>
internal sealed class ProcessKill(GoferInstall install, FaultLog log, int planned, string name, IReadOnlyList<Node> nodes) : Fault(install, log, planned)
{
    public override string Name => name;

    protected override async Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken)
    {
        var victim = await VictimAsync(nodes, random, cancellationToken);
        Log.Note(Name, victim.ProcessName);
        return victim.Kill();
    }
}

/// <summary>SIGSTOP of a worker until its lease has surely run out and others have its tasks, then SIGCONT.</summary>
internal sealed class Pause(GoferInstall install, FaultLog log, int planned) : Fault(install, log, planned)
{
    public override string Name => "pause past the lease";

    protected override async Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken)
    {
        var victim = await VictimAsync(Install.Workers, random, cancellationToken);
        Log.Note(Name, victim.ProcessName);
        return await victim.PauseAsync(GoferInstall.Lease + TimeSpan.FromSeconds(1 + (2 * random.NextDouble())));
    }
}

/// <summary>SIGTERM to one worker after the other, each of which must end with 0 and hand its tasks over.</summary>
internal sealed class RollingRestart(GoferInstall install, FaultLog log, int planned) : Fault(install, log, planned)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public override string Name => "rolling restart of the workers";

    protected override async Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken)
    {
        foreach (var worker in Install.Workers)
        {
            await worker.UpAsync(cancellationToken);
            var process = worker.ProcessName;
            Log.Note(Name, process);
            var exit = await worker.TerminateAsync(s_patience);
            var killed = Log.All.Any(i => i.Process == process && i.Fault == "kill -9 of a worker");
            if (exit != 0 && !killed)
            {
                lock (Install.Fallen) Install.Fallen.Add($"{process} was asked to stop and {(exit is { } code ? $"ended with code {code}" : "did not within 20 s")}.");
            }

            await worker.UpAsync(cancellationToken);
        }

        return true;
    }
}
