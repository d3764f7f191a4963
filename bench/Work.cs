using Npgsql;

namespace Gofer.Bench;

/// <summary>What something cost beside time: processor time of this process and of the server, and bytes of the server's log.</summary>
internal sealed record Work(TimeSpan Own, TimeSpan Server, long Wal)
{
    /// <summary>Processor time of both.</summary>
    public TimeSpan Processor => Own + Server;

    /// <summary>Where the counters stand.</summary>
    public static async Task<Work> BeginAsync(NpgsqlDataSource source, CancellationToken cancellationToken) => new(
        Environment.CpuUsage.TotalTime,
        await DurableServer.ProcessorAsync(source, cancellationToken),
        await DurableServer.WalAsync(source, cancellationToken));

    /// <summary>What came since.</summary>
    public async Task<Work> EndAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var now = await BeginAsync(source, cancellationToken);
        return new Work(now.Own - Own, now.Server - Server, now.Wal - Wal);
    }
}
