using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;

namespace Gofer.Cli.Doctor;

/// <summary>
/// Looks at everything that Gofer needs on this machine, all at once and each for a few seconds at most. Whoever names a server needs that and
/// nothing else: what only a machine needs that runs one is then no problem.
/// </summary>
internal static class Examination
{
    /// <summary>How long one look takes at most.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Everything that was looked at, in the order of a start.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(Settings settings, CancellationToken cancellationToken) =>
        await Task.WhenAll(Checks(settings).Select(c => BoundedAsync(c, cancellationToken)));

    private static List<Check> Checks(Settings settings)
    {
        var serves = settings.Given(SettingTable.Server) is null;
        var data = settings[SettingTable.Data]!;
        var docker = settings[SettingTable.DockerHost];
        var onDocker = serves && settings[SettingTable.Scheduler] == SchedulerChoice.Docker;
        var onProcesses = serves && settings[SettingTable.Scheduler] == SchedulerChoice.Process;
        var server = new ServerCheck(settings[SettingTable.Server]!, named: !serves, settings[SettingTable.Token]);
        var postgres = new PostgresCheck(settings[SettingTable.Postgres], settings[SettingTable.PostgresBin], data, docker, serves);
        return
        [
            new("docker", onDocker, token => DockerCheck.RunAsync(docker, onDocker, token)),
            new("processes", onProcesses, _ => Task.FromResult(MachineChecks.Processes(onProcesses))),
            new("data folder", serves, _ => Task.FromResult(MachineChecks.Folder(data, serves))),
            new("disk", serves, _ => Task.FromResult(MachineChecks.Disk(data, serves))),
            new("postgres", serves, postgres.RunAsync),
            new(SecretsCheck.Name, serves, new SecretsCheck(settings, serves).RunAsync),
            new(AuditCheck.Name, serves, new AuditCheck(settings).RunAsync),
            .. StoreCheck.IsNeeded(settings) ? [new Check(StoreCheck.Name, serves, new StoreCheck(settings, serves).RunAsync)] : Array.Empty<Check>(),
            new("port", serves, token => MachineChecks.PortAsync(settings[SettingTable.Listen]!, serves, token)),
            new("server", !serves, server.RunAsync),
            new("clock", false, token => ClockCheck.RunAsync(server, postgres, token)),
        ];
    }

    private static async Task<Finding> BoundedAsync(Check check, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            return await check.RunAsync(patience.Token).WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Finding.Broken(
                check.Name, check.Needed, $"It gave no answer within {Patience.TotalSeconds:0} seconds.", "Look whether it hangs, or whether a firewall stands between, and start it again.");
        }
    }
}
