using System.Collections.Concurrent;
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
    /// <summary>Set to 1, the embedded server keeps its commits on disk as a real one does: for measuring. Read once, at the first use.</summary>
    public const string DurableVariable = "GOFER_TEST_POSTGRES_DURABLE";

    private static readonly Lazy<Task<string>> s_address = new(StartAsync);

    /// <summary>What must live as long as the process: collected, the guard's pipe and the folder's lock would close.</summary>
    private static readonly ConcurrentBag<object> s_kept = [];

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
        // A failure throws: a test run without its server has nothing to say.
        var folder = DataFolder.Open(root).Value;
        var durable = Environment.GetEnvironmentVariable(DurableVariable) == "1";
        var options = new PrivatePostgresOptions { Settings = new PostgresSettings { Durable = durable, MaxConnections = 400 } };
        var server = await EmbeddedPostgres.StartAsync(
            folder, binaries, options, new Progress<string>(Console.Error.WriteLine), CancellationToken.None);
        s_kept.Add(folder);
        s_kept.Add(server.Value);
        return server.Value.ConnectionString;
    }

    private static async Task<string> ContainAsync(string unfit)
    {
        var image = Environment.GetEnvironmentVariable("GOFER_TEST_POSTGRES_IMAGE") ?? "postgres:16";
        var container = new PostgreSqlBuilder(image).Build();
        try
        {
            await container.StartAsync();
            s_kept.Add(container);
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
    /// and removes its folder, again and again while an initdb that was cut off still writes there.
    /// </summary>
    private static void Guard(string root)
    {
        const string script = """
            trap '' INT HUP TERM
            cat >/dev/null
            n=0
            while [ -e "$1" ] && [ $n -lt 100 ]; do
              pid=$(head -n 1 "$1/postgres/data/postmaster.pid") && kill -QUIT "$pid"
              while kill -0 "$pid" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
              rm -rf "$1" || sleep 0.1
              n=$((n + 1))
            done
            """;
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"({script}) >/dev/null 2>&1", "sh", root])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        s_kept.Add(Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start."));
    }

    private static string Administrative(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Database = "postgres",
        Pooling = false,
        ApplicationName = string.Create(CultureInfo.InvariantCulture, $"gofer tests {Environment.ProcessId}"),
    }.ConnectionString;
}
