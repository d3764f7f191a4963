using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Whether statements may be planned once and kept by the server. They live in the server's session, so not behind a proxy that pools
/// transactions: there the next transaction may meet another session. Such a proxy shows itself by the process that a connection was told at
/// its start, which is not the one that answers. Once one was seen nothing is prepared any more.
/// </summary>
public sealed class Preparation
{
    private volatile bool _proxied;

    /// <summary>Whether what is prepared on a connection is there when the connection is used next.</summary>
    public bool IsPossible => !_proxied;

    /// <summary>Looks at each new connection before its first use.</summary>
    internal void Watch(NpgsqlDataSourceBuilder builder) => builder.UsePhysicalConnectionInitializer(
        connection =>
        {
            using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
            Judge(connection, command.ExecuteScalar());
        },
        async connection =>
        {
            await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
            Judge(connection, await command.ExecuteScalarAsync());
        });

    /// <summary>Prepares what its connection has not prepared before; else nothing is sent.</summary>
    internal Task PrepareAsync(NpgsqlBatch batch, CancellationToken cancellationToken) => _proxied ? Task.CompletedTask : batch.PrepareAsync(cancellationToken);

    private void Judge(NpgsqlConnection connection, object? process)
    {
        if (process is not int answers || answers != connection.ProcessID) _proxied = true;
    }
}
