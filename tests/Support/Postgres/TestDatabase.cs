using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Npgsql;

namespace Gofer.Tests.Support.Postgres;

/// <summary>
/// A database of one test class, cloned from a template that its migrations prepared once in this process. Classes may run in
/// parallel; disposing drops the database.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private const string Prefix = "gofer_test_";
    private static readonly ConcurrentDictionary<(MethodInfo, object?), Lazy<Task<string>>> s_templates = new();
    private static readonly Lazy<Task> s_swept = new(SweepAsync);

    private readonly string _server;
    private readonly string _name;

    private TestDatabase(string server, string name)
    {
        (_server, _name) = (server, name);
        ConnectionString = Address(server, name, pooling: true);
    }

    /// <summary>Npgsql's connection string of the database, pooled.</summary>
    public string ConnectionString { get; }

    /// <summary>
    /// Clones a database. The first call with a given <paramref name="migrate"/> (a method group or a lambda without captures) runs
    /// it on the template; it must leave no connection open.
    /// </summary>
    public static async Task<TestDatabase> CreateAsync(
        Func<string, CancellationToken, Task> migrate, CancellationToken cancellationToken)
    {
        var server = await PostgresServer.GetAsync(cancellationToken);
        await s_swept.Value.WaitAsync(cancellationToken);
        // Not this caller's token: whoever comes second waits for the same template.
        var template = await s_templates
            .GetOrAdd((migrate.Method, migrate.Target), _ => new Lazy<Task<string>>(() => PrepareAsync(server, migrate)))
            .Value.WaitAsync(cancellationToken);
        var name = NewName();
        await ExecuteAsync(server, $"create database {name} template {template}", cancellationToken);
        return new TestDatabase(server, name);
    }

    /// <summary>An empty database.</summary>
    public static async Task<TestDatabase> CreateAsync(CancellationToken cancellationToken)
    {
        return await CreateAsync(await PostgresServer.GetAsync(cancellationToken), cancellationToken);
    }

    /// <summary>An empty database of that server, whose address <see cref="PostgresServer"/> gave.</summary>
    public static async Task<TestDatabase> CreateAsync(string server, CancellationToken cancellationToken)
    {
        var name = NewName();
        await ExecuteAsync(server, $"create database {name}", cancellationToken);
        return new TestDatabase(server, name);
    }

    /// <summary>Drops the database, whoever is still connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await using (var connection = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(connection);
        }

        await ExecuteAsync(_server, $"drop database if exists {_name} with (force)", CancellationToken.None);
    }

    private static async Task<string> PrepareAsync(string server, Func<string, CancellationToken, Task> migrate)
    {
        var name = NewName();
        await ExecuteAsync(server, $"create database {name}", CancellationToken.None);
        await migrate(Address(server, name, pooling: false), CancellationToken.None);
        return name;
    }

    /// <summary>Drops what killed test processes left on a shared server: a name says when it was made.</summary>
    private static async Task SweepAsync()
    {
        var server = await PostgresServer.GetAsync(CancellationToken.None);
        var stale = new List<string>();
        var before = TimeProvider.System.GetUtcNow().AddHours(-6).ToUnixTimeSeconds();
        await using (var connection = new NpgsqlConnection(server))
        {
            await connection.OpenAsync();
            await using var list = new NpgsqlCommand($"select datname from pg_database where datname like '{Prefix}%'", connection);
            await using var reader = await list.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var name = reader.GetString(0);
                if (name.Split('_') is [_, _, var time, _] && long.TryParse(time, CultureInfo.InvariantCulture, out var made) && made < before)
                {
                    stale.Add(name);
                }
            }
        }

        foreach (var name in stale)
        {
            await ExecuteAsync(server, $"drop database if exists {name} with (force)", CancellationToken.None);
        }
    }

    private static async Task ExecuteAsync(string server, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string NewName() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Prefix}{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}_{RandomNumberGenerator.GetHexString(12, lowercase: true)}");

    private static string Address(string server, string database, bool pooling) =>
        new NpgsqlConnectionStringBuilder(server) { Database = database, Pooling = pooling }.ConnectionString;
}
