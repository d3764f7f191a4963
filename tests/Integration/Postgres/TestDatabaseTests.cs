using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Postgres;

public sealed class TestDatabaseTests
{
    private static int s_migrations;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Databases_are_clones_of_one_template_and_share_nothing()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TestDatabase.CreateAsync(MigrateAsync, Ct)));

        foreach (var (database, n) in databases.Select((database, n) => (database, n)))
        {
            await ExecuteAsync(database.ConnectionString, $"insert into things values ({n})", Ct);
        }

        foreach (var (database, n) in databases.Select((database, n) => (database, n)))
        {
            Assert.Equal((long)n, await ExecuteAsync(database.ConnectionString, "select sum(id) from things", Ct));
            await database.DisposeAsync();
        }

        Assert.Equal(1, s_migrations);
        var server = await PostgresServer.GetAsync(Ct);
        var name = new NpgsqlConnectionStringBuilder(databases[0].ConnectionString).Database;
        Assert.Equal(0L, await ExecuteAsync(server, $"select count(*) from pg_database where datname = '{name}'", Ct));
    }

    private static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref s_migrations);
        await ExecuteAsync(connectionString, "create table things (id int)", cancellationToken);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
