using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Chaos.Install;

/// <summary>
/// Two APIs and three workers of one build over one private Postgres behind the <see cref="SpoilingProxy"/>; the workers share the folder of
/// the process scheduler. Everything is on loopback and below one temporary folder.
/// </summary>
internal sealed class GoferInstall : IAsyncDisposable
{
    public const int ApiCount = 2;
    public const int WorkerCount = 3;

    /// <summary>The workers' lease.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private readonly Settings _settings;
    private readonly string _keys = KeyRing.Generate("chaos");
    private readonly DataFolder _folder;

    private GoferInstall(Settings settings, DataFolder folder, EmbeddedPostgres postgres)
    {
        (_settings, _folder, Postgres) = (settings, folder, postgres);
        var address = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        Proxy = new SpoilingProxy(address.Port);
        address.ApplicationName = "chaos";
        address.Timeout = 3;
        address.CommandTimeout = 30;
        Direct = address.ConnectionString;
        foreach (var name in new[] { "logs", "gofer" }) Directory.CreateDirectory(Path.Combine(Root, name));
        Urls = [.. Enumerable.Range(0, ApiCount).Select(_ => new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}/")))];
        Apis = [.. Urls.Select((url, i) => Node($"api-{i + 1}", "Gofer answers at", ["api", "--listen", url.Authority, "--authentication", "none"]))];
        Workers =
        [
            .. Enumerable.Range(1, WorkerCount).Select(
                i => Node($"worker-{i}", "registered as", ["worker", "--scheduler", "process", "--data", Path.Combine(Root, "gofer")])),
        ];
    }

    public string Root => _folder.Path;

    public EmbeddedPostgres Postgres { get; }

    public SpoilingProxy Proxy { get; }

    public IReadOnlyList<Node> Apis { get; }

    public IReadOnlyList<Node> Workers { get; }

    public IReadOnlyList<Uri> Urls { get; }

    public IEnumerable<Node> Nodes => Apis.Concat(Workers);

    /// <summary>The database, not through the proxy.</summary>
    public string Direct { get; }

    /// <summary>Processes that ended though nobody had ended them.</summary>
    public List<string> Fallen { get; } = [];

    /// <summary>Starts Postgres, brings its schema up to date, and makes the nodes, which are not started yet.</summary>
    public static async Task<GoferInstall> CreateAsync(Settings settings, CancellationToken cancellationToken)
    {
        var folder = DataFolder.Open(Directory.CreateTempSubdirectory("gofer-chaos-").FullName).Value;
        var binaries = await PostgresBinaries.FindAsync(new PostgresSearch(), null, cancellationToken);
        if (!binaries.IsOk) throw new InvalidOperationException(binaries.Error.Message);
        // Not durable: what is crashed here is processes, never the machine, so what Postgres wrote stays written.
        var options = new PrivatePostgresOptions { Settings = new PostgresSettings { Durable = false, MaxConnections = 300 } };
        var postgres = await EmbeddedPostgres.StartAsync(folder, binaries.Value, options, new Progress<string>(), cancellationToken);
        if (!postgres.IsOk) throw new InvalidOperationException(postgres.Error.Message);
        var install = new GoferInstall(settings, folder, postgres.Value);
        await install.MigrateAsync(cancellationToken);
        return install;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var node in Nodes) node.Start();
        foreach (var node in Nodes) await node.UpAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
        foreach (var pid in Leftovers.Of(Root)) Posix.Signal(pid, Posix.Kill);
        Proxy.Dispose();
        await Postgres.DisposeAsync();
        _folder.Dispose();
        if (_settings.Keep) Console.WriteLine($"Kept: {Root}");
        else Directory.Delete(Root, recursive: true);
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        using var process = Process.Start(Describe("migrate", ["migrate"]))!;
        var said = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"gofer migrate: {said}");
    }

    private Node Node(string name, string ready, string[] arguments) => new(
        name, ready, process => Describe(process, arguments), Path.Combine(Root, "logs"),
        what =>
        {
            lock (Fallen) Fallen.Add(what);
        });

    private ProcessStartInfo Describe(string process, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [_settings.Gofer, .. arguments]) { RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var key in start.Environment.Keys.Where(k => k.StartsWith("GOFER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(key);
        start.Environment["NO_COLOR"] = "1";
        start.Environment["GOFER_POSTGRES"] = new NpgsqlConnectionStringBuilder(Postgres.ConnectionString)
        {
            Port = Proxy.Port,
            ApplicationName = process,
        }.ConnectionString;
        start.Environment["GOFER_SECRETS__KEYS"] = _keys;
        start.Environment["GOFER_WORKER__NAME"] = process;
        start.Environment["GOFER_WORKER__LEASE"] = string.Create(CultureInfo.InvariantCulture, $"{Lease.TotalSeconds}s");
        start.Environment["GOFER_WORKER__SWEEP"] = "1s";
        start.Environment["GOFER_WORKER__POISON_LIMIT"] = "100"; // workers die by our hand here, and not of what they run
        // A worker grows slower than it is killed: the first compilation is what its second of life is spent on.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return start;
    }

    /// <summary>Below the range of outgoing connections, so that a restarted API finds its port free.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // somebody's
            }
        }
    }
}
