using Gofer.Infrastructure.Postgres.Notifications;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Postgres.Triggers;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>What somebody has to do from time to time; any worker, any number of them, at any time.</summary>
public sealed class Housekeeping
{
    /// <summary>A token that expired is shown as such for a month, and then forgotten.</summary>
    private const string ExpiredTokens = "delete from gofer.tokens where expires_at < now() - interval '30 days'";

    private readonly NpgsqlDataSource _source;
    private readonly Partitions _partitions;
    private readonly ObjectKeeping _objects;
    private readonly IOptions<TriggerOptions> _triggers;

    internal Housekeeping(NpgsqlDataSource source, Partitions partitions, ObjectKeeping objects, IOptions<TriggerOptions> triggers) =>
        (_source, _partitions, _objects, _triggers) = (source, partitions, objects, triggers);

    /// <summary>Makes partitions ahead, forgets idempotency keys that have expired, secrets of what is gone, tokens that expired long ago, events of triggers, deliveries of notifications and objects whose time is over.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!await _partitions.AreAheadAsync(cancellationToken)) await _partitions.EnsureAsync(cancellationToken);
        // In one statement: an idle install is asked as little as can be.
        await using (var command = _source.CreateCommand(
            $"with keys as ({IdempotencyKeys.Expire}), secrets as ({PostgresSecretStore.Sweep}), attempts as ({AttemptSecrets.Sweep}), tokens as ({ExpiredTokens}), runs as ({AttemptSecrets.TokenSweep}), {EventKeeping.Expire}, {DeliveryKeeping.Expire} select 1"))
        {
            command.Parameters.Add(Sql.P(IdempotencyKeys.Retention));
            command.Parameters.Add(Sql.P(_triggers.Value.Retention));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await _objects.RunAsync(cancellationToken);
    }
}
