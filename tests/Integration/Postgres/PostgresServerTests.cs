using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Integration.Startup;
using Gofer.Tests.Support.Docker;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Postgres;

/// <summary>The tests' own server, in each of the three ways in which it can be had; the schema is made and used on each.</summary>
public sealed class PostgresServerTests : IDisposable
{
    private readonly DirectoryInfo _nothing = Directory.CreateTempSubdirectory("gofer-no-postgres-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A search that finds no binaries.</summary>
    private PostgresSearch None => new() { Named = _nothing.FullName };

    public void Dispose() => _nothing.Delete();

    [Fact]
    public async Task A_server_that_is_named_is_taken_and_none_is_started()
    {
        await using var other = await OwnPostgres.StartAsync();
        var place = new NpgsqlConnectionStringBuilder(other.ConnectionString);
        var url = $"postgres://{place.Username}:{Uri.EscapeDataString(place.Password!)}@{place.Host}:{place.Port}/postgres";
        var server = await PostgresServer.StartAsync(url, None, "no-such-image:1");
        Assert.Equal(await DataFolderAsync(other.ConnectionString), await DataFolderAsync(server));
        await MigrateAndQueryAsync(server);
    }

    [Fact]
    public async Task Else_one_is_started_from_this_machines_binaries()
    {
        var server = await PostgresServer.StartAsync(null, new PostgresSearch(), "no-such-image:1");
        Assert.StartsWith(Path.Combine(Path.GetTempPath(), "gofer-test-"), await DataFolderAsync(server), StringComparison.Ordinal);
        Assert.NotEqual(await DataFolderAsync(await PostgresServer.GetAsync(Ct)), await DataFolderAsync(server));
        await MigrateAndQueryAsync(server);
    }

    [Fact]
    public async Task Else_a_container_is_started()
    {
        var server = await PostgresServer.StartAsync("", None, await TestbedImage.PostgresAsync(Ct));
        Assert.Equal("/var/lib/postgresql/data", await DataFolderAsync(server));
        await MigrateAndQueryAsync(server);
    }

    [Fact]
    public async Task Where_there_is_none_of_the_three_it_says_so_with_the_way_out()
    {
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => PostgresServer.StartAsync(null, None, "127.0.0.1:1/no-such-image:1"));
        Assert.Contains("Set GOFER_TEST_POSTGRES to a server's URL.", failed.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1/no-such-image:1", failed.Message, StringComparison.Ordinal);
    }

    private static async Task MigrateAndQueryAsync(string server)
    {
        await using var database = await TestDatabase.CreateAsync(server, Ct);
        var migrated = await GoferProcess.RunAsync(["migrate", "--postgres", database.ConnectionString]);
        Assert.True(migrated.Exit == 0, migrated.Error);
        Assert.Equal("default", await ScalarAsync(database.ConnectionString, "select name from gofer.namespaces"));
    }

    private static async Task<string> DataFolderAsync(string server) => (string)await ScalarAsync(server, "show data_directory");

    private static async Task<object> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(Ct))!;
    }
}
