using System.Text;
using Gofer.Application.Secrets;
using Gofer.Domain.Audit;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres.Audit;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Secrets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Secrets;

/// <summary>
/// Secrets in Gofer's own database, each value sealed by <see cref="Envelope"/>: whoever has the database or a backup of it and not the key has
/// their names alone. A database that is away throws what it throws everywhere. What is kept is the present version; tasks that run have what
/// they were started with in <see cref="AttemptSecrets"/>.
/// </summary>
internal sealed class PostgresSecretStore(NpgsqlDataSource source, KeyRing ring, GoferDatabase database) : ISecretStore, IAuditedSecrets
{
    /// <summary>Removes the secrets of pipelines and namespaces that were deleted. Nobody finds them before, since names lead to other ids.</summary>
    public const string Sweep =
        """
        delete from gofer.secrets s where
            (s.kind = 'pipeline' and not exists (select from gofer.pipelines p where p.id = s.owner and p.deleted_at is null))
            or (s.kind = 'namespace' and not exists (select from gofer.namespaces n where n.id = s.owner and n.deleted_at is null))
        """;

    private const string Columns = "key, version, created_at, updated_at, namespaces";

    /// <inheritdoc/>
    public async Task<SecretInfo?> FindAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select {Columns} from gofer.secrets where owner = $1 and key = $2");
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(key));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? Info(row) : null;
    }

    /// <inheritdoc/>
    public async Task<StoredSecret?> ReadAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select {Columns}, key_name, wrapped_key, value from gofer.secrets where owner = $1 and key = $2");
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(key));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) return null;
        var info = Info(row);
        // What is sealed is bound to what was asked for and not to what the row says of itself.
        var value = Envelope.Open(ring, Place(scope, key, info.Version), new SealedValue(row.GetString(5), row.GetFieldValue<byte[]>(6), row.GetFieldValue<byte[]>(7)));
        return new StoredSecret(info, SecretText.Of(Encoding.UTF8.GetString(value)).Value);
    }

    /// <inheritdoc/>
    public Task<SecretInfo?> PutAsync(SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken) =>
        PutAsync(scope, key, value, namespaces, entry: null, cancellationToken);

    /// <inheritdoc/>
    public async Task<SecretInfo?> PutAsync(
        SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, Func<SecretInfo, AuditEntry>? entry, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            // The version is sealed with the value, so it has to be known before: writers of one secret go one after the other.
            await using var find = new NpgsqlCommand("select version from gofer.secrets where owner = $1 and key = $2 for update", connection, transaction);
            find.Parameters.Add(Sql.P(scope.Owner));
            find.Parameters.Add(Sql.P(key));
            var version = 1 + (await find.ExecuteScalarAsync(cancellationToken) as int? ?? 0);
            if (version == 1 && scope is SecretScope.Global && namespaces is null) return null;
            var made = Envelope.Seal(ring, Place(scope, key, version), Encoding.UTF8.GetBytes(value.Reveal()));
            await using var write = new NpgsqlCommand(
                version > 1
                    ? $"""
                    update gofer.secrets set kind = $3, version = $4, updated_at = now(), namespaces = coalesce($5, namespaces), key_name = $6, wrapped_key = $7, value = $8
                    where owner = $1 and key = $2 returning {Columns}
                    """
                    : $"""
                    insert into gofer.secrets (owner, key, kind, version, created_at, updated_at, namespaces, key_name, wrapped_key, value)
                    values ($1, $2, $3, $4, now(), now(), coalesce($5, '{"{}"}'), $6, $7, $8) on conflict do nothing returning {Columns}
                    """,
                connection, transaction);
            write.Parameters.Add(Sql.P(scope.Owner));
            write.Parameters.Add(Sql.P(key));
            write.Parameters.Add(Sql.P(scope.Kind));
            write.Parameters.Add(Sql.P(version));
            write.Parameters.Add(new NpgsqlParameter { Value = namespaces?.ToArray() ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text });
            write.Parameters.Add(Sql.P(made.KeyName));
            write.Parameters.Add(Sql.P(made.WrappedKey));
            write.Parameters.Add(Sql.P(made.Value));
            if (await InfoAsync(write, cancellationToken) is not { } info) continue; // somebody made it at the same moment: this is its next version
            if (entry is not null) await AuditLog.AddAsync(connection, transaction, entry(info), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return info;
        }
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(SecretScope scope, string key, CancellationToken cancellationToken) => DeleteAsync(scope, key, entry: null, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(SecretScope scope, string key, AuditEntry? entry, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("delete from gofer.secrets where owner = $1 and key = $2", connection, transaction);
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(key));
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0) return false;
        if (entry is not null) await AuditLog.AddAsync(connection, transaction, entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SecretInfo>> ListAsync(SecretScope scope, string after, int take, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select {Columns} from gofer.secrets where owner = $1 and key > $2 order by key limit $3");
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(after));
        command.Parameters.Add(Sql.P(take));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var secrets = new List<SecretInfo>();
        while (await row.ReadAsync(cancellationToken)) secrets.Add(Info(row));
        return secrets;
    }

    private static async Task<SecretInfo?> InfoAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? Info(row) : null;
    }

    private static SecretInfo Info(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt32(1), row.GetFieldValue<DateTimeOffset>(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<string[]>(4));

    private SealedPlace Place(SecretScope scope, string key, int version) => SealedPlace.OfSecret(database.Install, scope, key, version);
}
