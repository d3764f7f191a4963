using System.Diagnostics;
using System.Globalization;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Embedded;
using Npgsql;
using Testcontainers.PostgreSql;

namespace Gofer.Tests.Support.Postgres;

/// <summary>
/// The one Postgres server of a test process: that of <c>GOFER_TEST_POSTGRES</c>, else an embedded one in a temporary folder, else a
/// container. It ends with the process, however that ends.
/// </summary>
public static class PostgresServer
{
    private static readonly Lazy<Task<string>> s_address = new(StartAsync);
    private static Process? s_guard;

    /// <summary>A connection string to the server's database <c>postgres</c>, for a role that may create databases.</summary>
    public static Task<string> GetAsync(CancellationToken cancellationToken) => s_address.Value.WaitAsync(cancellationToken);

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("GOFER_TEST_POSTGRES") is { Length: > 0 } named)
        {
            return Administrative(ConnectionText.Parse(named) is { IsOk: true } parsed
                ? parsed.Value
                : throw new InvalidOperationException("GOFER_TEST_POSTGRES is not a Postgres address."));
        }

        var binaries = await PostgresBinaries.FindAsync(new PostgresSearch(), null, CancellationToken.None);
        return Administrative(binaries.IsOk ? await EmbedAsync(binaries.Value) : await ContainAsync(binaries.Error.Message));
    }

    private static async Task<string> EmbedAsync(PostgresBinaries binaries)
    {
        var root = Directory.CreateTempSubdirectory("gofer-test-").FullName;
        Guard(root);
        var folder = DataFolder.Open(root);
        if (!folder.IsOk)
        {
            throw new InvalidOperationException(folder.Error.Message);
        }

        var options = new PrivatePostgresOptions { Settings = new PostgresSettings { Durable = false, MaxConnections = 400 } };
        var server = await EmbeddedPostgres.StartAsync(
            folder.Value, binaries, options, new Progress<string>(Console.Error.WriteLine), CancellationToken.None);
        return server.IsOk ? server.Value.ConnectionString : throw new InvalidOperationException(server.Error.Message);
    }

    private static async Task<string> ContainAsync(string unfit)
    {
        var image = Environment.GetEnvironmentVariable("GOFER_TEST_POSTGRES_IMAGE") ?? "postgres:16";
        var container = new PostgreSqlBuilder(image).Build();
        try
        {
            await container.StartAsync();
            return container.GetConnectionString();
        }
        catch (Exception failed)
        {
            throw new InvalidOperationException(
                $"Tests need Postgres. {unfit} Docker could not run {image} either: {failed.Message} Set GOFER_TEST_POSTGRES to a server's URL.", failed);
        }
    }

    /// <summary>
    /// A shell that sleeps on a pipe of this process: the pipe ends with the process even on kill -9, and then it stops the server
    /// and removes its folder.
    /// </summary>
    private static void Guard(string root)
    {
        const string script = """
            trap '' INT HUP TERM
            cat >/dev/null
            pid=$(head -n 1 "$1/postgres/data/postmaster.pid" 2>/dev/null)
            if [ -n "$pid" ]; then
              kill -QUIT "$pid"; n=0
              while kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
            fi
            rm -rf "$1"
            """;
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"({script}) >/dev/null 2>&1", "sh", root])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        // Kept open on purpose, and kept from the collector, whose closing of the pipe would be the signal as well.
        s_guard = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start.");
    }

    private static string Administrative(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Database = "postgres",
        Pooling = false,
        ApplicationName = string.Create(CultureInfo.InvariantCulture, $"gofer tests {Environment.ProcessId}"),
    }.ConnectionString;
}
