using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Secrets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>What somebody has to do from time to time; any worker, any number of them, at any time.</summary>
public sealed class Housekeeping(NpgsqlDataSource source, Partitions partitions)
{
    /// <summary>Makes partitions ahead, forgets idempotency keys that have expired, and secrets of what is gone.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!await partitions.AreAheadAsync(cancellationToken)) await partitions.EnsureAsync(cancellationToken);
        // In one statement: an idle install is asked as little as can be.
        await using var command = source.CreateCommand(
            $"with keys as ({IdempotencyKeys.Expire}), secrets as ({PostgresSecretStore.Sweep}), attempts as ({AttemptSecrets.Sweep}) select 1");
        command.Parameters.Add(Sql.P(IdempotencyKeys.Retention));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
