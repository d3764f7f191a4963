using Npgsql;
using Respawn;
using Respawn.Graph;

namespace Gofer.Tests.Support.Postgres;

/// <summary>
/// Makes a migrated database as new between the tests of a class, by Respawn: empty but for what the migrations put there. Schema and
/// partitions stay. Whatever a process of the install keeps in memory is not its business: no worker may run meanwhile.
/// </summary>
public sealed class DatabaseReset
{
    /// <summary>What the database itself lets nobody take away.</summary>
    private static readonly string[] s_audit = ["audit", "audit_open", "audit_seals"];

    /// <summary>What migrations wrote once for good. The namespaces among it can be changed by callers, so they are put back.</summary>
    private static readonly string[] s_kept = ["queue_floor", "install", "schema_releases", "migrations", .. s_audit];

    private readonly string _connectionString;
    private readonly Respawner _respawner;
    private readonly string _namespaces;

    private DatabaseReset(string connectionString, Respawner respawner, string namespaces) =>
        (_connectionString, _respawner, _namespaces) = (connectionString, respawner, namespaces);

    /// <summary>Remembers the database as it is now, new.</summary>
    public static async Task<DatabaseReset> PrepareAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(connectionString, cancellationToken);
        var respawner = await Respawner.CreateAsync(connection, new RespawnerOptions
        {
            DbAdapter = DbAdapter.Postgres,
            SchemasToInclude = ["gofer"],
            TablesToIgnore = [.. s_kept.Select(t => new Table("gofer", t))],
        });
        await using var read = new NpgsqlCommand("select json_agg(n)::text from gofer.namespaces n", connection);
        return new DatabaseReset(connectionString, respawner, (string)(await read.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <summary>Empties it.</summary>
    public async Task ToEmptyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(_connectionString, cancellationToken);
        await _respawner.ResetAsync(connection);
        await using var put = new NpgsqlCommand("insert into gofer.namespaces select * from json_populate_recordset(null::gofer.namespaces, $1::json)", connection);
        put.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _namespaces });
        await put.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
