using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Gofer.Tests.Support.Postgres;

/// <summary>
/// A real pgbouncer that pools transactions before one database, on a free port of the loopback address, never as root. It ends with
/// the test process, however that ends.
/// </summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly Process _guard;

    private PgBouncer(Process guard, string connectionString) => (_guard, ConnectionString) = (guard, connectionString);

    /// <summary>Npgsql's connection string of the same database through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts one before the database of <paramref name="connectionString"/>; returns once it lets connections through.</summary>
    public static async Task<PgBouncer> StartAsync(string connectionString, CancellationToken cancellationToken)
    {
        if (!File.Exists(Program)) throw new InvalidOperationException("These tests need pgbouncer: apt-get install pgbouncer");
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        var port = FreePort();
        var root = Directory.CreateTempSubdirectory("gofer-bouncer-").FullName;
        var settings = Path.Combine(root, "pgbouncer.ini");
        await File.WriteAllTextAsync(Path.Combine(root, "users"), $"\"{server.Username}\" \"{server.Password}\"\n", cancellationToken);
        // Few server connections, so that clients really share them.
        await File.WriteAllTextAsync(
            settings,
            string.Create(CultureInfo.InvariantCulture, $"""
                [databases]
                {server.Database} = host={server.Host} port={server.Port}
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = {port}
                unix_socket_dir =
                auth_type = scram-sha-256
                auth_file = {root}/users
                pool_mode = transaction
                default_pool_size = 5
                max_client_conn = 200
                logfile = {root}/log
                """),
            cancellationToken);
        var guard = Guard(root, settings);
        var through = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port };
        var bouncer = new PgBouncer(guard, through.ConnectionString);
        await bouncer.UntilItAnswersAsync(Path.Combine(root, "log"), cancellationToken);
        return bouncer;
    }

    /// <summary>Stops it and waits until it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    /// <summary>A shell that sleeps on a pipe of this process, which ends even on kill -9, and then stops the proxy.</summary>
    private static Process Guard(string root, string settings)
    {
        const string script = """
            trap '' INT HUP TERM
            if [ "$(id -u)" = 0 ]; then chown -R postgres "$1"; set -- "$1" "$2" -u postgres; fi
            ( trap - INT HUP TERM; exec /usr/sbin/pgbouncer -q $3 $4 "$2" ) </dev/null >/dev/null 2>&1 &
            pid=$!
            cat >/dev/null
            kill "$pid"; wait "$pid"
            rm -rf "$1"
            """;
        return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, "sh", root, settings]) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }

    private async Task UntilItAnswersAsync(string log, CancellationToken cancellationToken)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(50, cancellationToken))
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (patience.Elapsed < TimeSpan.FromSeconds(30))
            {
                _ = e; // it is still coming up
            }
            catch (NpgsqlException e)
            {
                var said = File.Exists(log) ? await File.ReadAllTextAsync(log, cancellationToken) : "It wrote no log.";
                await DisposeAsync();
                throw new InvalidOperationException($"pgbouncer does not answer: {e.Message}\n{said}", e);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
