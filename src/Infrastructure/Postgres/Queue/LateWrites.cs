#if SABOTAGE_EVENTS || SABOTAGE_KEY
using System.Collections.Concurrent;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Sends some writes of a transaction only after its commit, where a crash loses them and rivals overtake them. A saboteur: in no build that is used.</summary>
internal static class LateWrites
{
#if SABOTAGE_EVENTS
    private const string Which = "insert into gofer.event_packs";
#else
    private const string Which = "insert into gofer.idempotency_keys";
#endif

    /// <summary>As long as they would wait in a queue behind the commit: a few milliseconds are found by seeds that kill in them, and not by others.</summary>
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(50);

    private static readonly ConcurrentDictionary<NpgsqlConnection, List<NpgsqlBatchCommand>> s_withheld = new();

    public static void Withhold(NpgsqlConnection connection, Writes writes)
    {
        var late = writes.Commands.Where(c => c.CommandText.StartsWith(Which, StringComparison.Ordinal)).ToList();
        foreach (var command in late) writes.Commands.Remove(command);
        if (late.Count > 0) s_withheld[connection] = late;
    }

    public static async Task SendAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!s_withheld.TryRemove(connection, out var late)) return;
        await Task.Delay(s_late, cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in late) batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
#endif
