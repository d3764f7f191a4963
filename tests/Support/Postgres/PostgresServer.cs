using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using DotNet.Testcontainers.Configurations;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Tests.Support.Docker;
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

    private static readonly Lazy<Task<string>> s_address = new(() => StartAsync(
        Environment.GetEnvironmentVariable("GOFER_TEST_POSTGRES"), new PostgresSearch(), Environment.GetEnvironmentVariable("GOFER_TEST_POSTGRES_IMAGE")));

    /// <summary>Stops the server of a folder and removes it, again and again while an initdb that was cut off still writes there.</summary>
    private const string Removal = """
        n=0
        while [ -e "$1" ] && [ $n -lt 100 ]; do
          pid=$(head -n 1 "$1/postgres/data/postmaster.pid") && kill -QUIT "$pid"
          while kill -0 "$pid" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
          rm -rf "$1" || sleep 0.1
          n=$((n + 1))
        done
        """;

    /// <summary>What must live as long as the process: collected, the guard's pipe and the folder's lock would close.</summary>
    private static readonly ConcurrentBag<object> s_kept = [];

    /// <summary>A connection string to the server's database <c>postgres</c>, for a role that may create databases.</summary>
    public static Task<string> GetAsync(CancellationToken cancellationToken) => s_address.Value.WaitAsync(cancellationToken);

    /// <summary>
    /// The address of the server that is <paramref name="named"/>, else of one that is started from the binaries that
    /// <paramref name="search"/> finds, else of a container of <paramref name="image"/>. What is started ends with the process.
    /// </summary>
    public static async Task<string> StartAsync(string? named, PostgresSearch search, string? image)
    {
        if (named is { Length: > 0 })
        {
            return Administrative(ConnectionText.Parse(named) is { IsOk: true } parsed
                ? parsed.Value
                : throw new InvalidOperationException("GOFER_TEST_POSTGRES is not a Postgres address."));
        }

        var binaries = await PostgresBinaries.FindAsync(search, null, CancellationToken.None);
        return Administrative(binaries.IsOk ? await EmbedAsync(binaries.Value) : await ContainAsync(image ?? "postgres:16", binaries.Error.Message));
    }

    private static async Task<string> EmbedAsync(PostgresBinaries binaries)
    {
        var root = Directory.CreateTempSubdirectory("gofer-test-").FullName;
        Guard(Removal, root);
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

    private static async Task<string> ContainAsync(string image, string unfit)
    {
        try
        {
            await DockerEngine.EnsureAsync(CancellationToken.None);
            // It asks in the newest version of the API that it knows, which an older engine refuses.
            Environment.SetEnvironmentVariable("DOCKER_API_VERSION", await DockerEngine.ApiVersionAsync());
            // Its reaper is an image that not every engine can pull; the guard does the same.
            TestcontainersSettings.ResourceReaperEnabled = false;
            var container = new PostgreSqlBuilder(image).WithCommand("-c", "max_connections=400").Build();
            await container.StartAsync();
            s_kept.Add(container);
            Guard("docker rm -f -v \"$1\"", container.Id);
            return container.GetConnectionString();
        }
        catch (Exception failed)
        {
            throw new InvalidOperationException(
                $"Tests need Postgres. {unfit} Docker could not run {image} either: {failed.Message} Set GOFER_TEST_POSTGRES to a server's URL.", failed);
        }
    }

    /// <summary>
    /// A shell that sleeps on a pipe of this process: the pipe ends with the process even on kill -9, and then it does
    /// <paramref name="script"/>.
    /// </summary>
    private static void Guard(string script, string argument)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"(trap '' INT HUP TERM; cat >/dev/null\n{script}\n) >/dev/null 2>&1", "sh", argument])
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
