using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Connections beside the pool, each closed for good by its user: for one who must not wait until the pool has one free, and for one
/// whose connection must not be given to somebody else afterwards.
/// </summary>
public sealed class OwnConnections : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly string _connection;

    internal OwnConnections(string connectionString)
    {
        (Place, _connection) = (ConnectionText.Redacted(connectionString), connectionString);
        _source = PostgresServices.DataSource(connectionString, pooling: false);
    }

    /// <summary>Where the database is, without password.</summary>
    public string Place { get; }

    /// <summary>What to do about an exception of it.</summary>
    public string Cure(Exception e) => DatabaseTrouble.Cure(e, _connection);

    /// <summary>Opens one.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
