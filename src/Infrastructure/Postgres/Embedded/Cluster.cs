using System.Globalization;
using System.Text;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>What an embedded server trades; the defaults are for data that must survive a power cut.</summary>
public sealed record PostgresSettings
{
    /// <summary>Whether commits survive a power cut; those answered survive a killed server either way. Only tests may say no.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>How many connections the server takes.</summary>
    public int MaxConnections { get; init; } = 100;
}

/// <summary>The server programs applied to one data folder, run as the user that the server belongs to.</summary>
internal sealed class Cluster(DataFolder folder, PostgresBinaries binaries, string? user, PostgresSettings settings)
{
    /// <summary>The only role: its password is known to the folder's owner alone.</summary>
    public const string Role = "gofer";

    private const long LongestLog = 10 * 1024 * 1024;

    /// <summary>Where the server keeps its data.</summary>
    public string Data { get; } = DataIn(folder);

    /// <summary>Where the server writes its log, since it outlives whoever could read it from a pipe.</summary>
    public string Log { get; } = Path.Combine(folder.Postgres, "server.log");

    public static string DataIn(DataFolder folder) => Path.Combine(folder.Postgres, "data");

    /// <summary>The major version that made the folder's data, or null where there is none yet.</summary>
    public static int? MajorIn(DataFolder folder)
    {
        var version = Path.Combine(DataIn(folder), "PG_VERSION");
        return File.Exists(version) ? int.Parse(File.ReadAllText(version), CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Makes the cluster beside its place and moves it there whole: a crash leaves nothing half made.</summary>
    public async Task<ToolResult> InitialiseAsync(string password, CancellationToken cancellationToken)
    {
        var draft = $"{Data}.new";
        var secret = Path.Combine(folder.Postgres, "password");
        const string script = """
            set -e; umask 077; draft=$1; data=$2; secret=$3; shift 3
            rm -rf "$draft" "$secret"
            trap 'rm -f "$secret"' EXIT
            printf '%s' "$GOFER_NEW_PASSWORD" >"$secret"
            "$@"
            mv "$draft" "$data"
            """;
        string[] initdb =
        [
            binaries.Program("initdb"), "-D", draft, "-U", Role, "-A", "scram-sha-256", $"--pwfile={secret}", "-E", "UTF8", "--locale=C",
            .. settings.Durable ? Array.Empty<string>() : ["--no-sync"],
        ];
        return await Tool.RunAsync(
            "/bin/sh", ["-c", script, "sh", draft, Data, secret, .. initdb], user, cancellationToken, ("GOFER_NEW_PASSWORD", password));
    }

    /// <summary>
    /// Starts the server and waits until it answers or has failed. pg_ctl gives it a session of its own, so neither a terminal's
    /// Ctrl-C nor the end of this process reaches it. Not cancellable: an abandoned start could leave a server that nobody stops.
    /// </summary>
    public async Task<ToolResult> StartAsync(int port)
    {
        await ShortenLogAsync();
        var options = string.Join(' ', Options(port).Select(option => $"-c {option}"));
        return await Tool.RunAsync(
            binaries.Program("pg_ctl"), ["start", "-D", Data, "-l", Log, "-o", options, "-w", "-t", "60", "-s"], user, CancellationToken.None);
    }

    /// <summary>
    /// Stops the server if it runs: sessions are ended, and a server that does not end in a minute is cut off as in a crash. pg_ctl
    /// signals whatever process the folder names, so that is looked at first.
    /// </summary>
    public async Task<ToolResult> StopAsync()
    {
        if (Postmaster.Read(Data)?.IsServerOf(Data) is not true)
        {
            return new ToolResult(0, "");
        }

        var stopped = await StopAsync("fast", 60);
        return stopped.IsOk ? stopped : await StopAsync("immediate", 10);
    }

    /// <summary>How long the log is: what a failed start wrote begins there.</summary>
    public long LogLength() => new FileInfo(Log) is { Exists: true } log ? log.Length : 0;

    /// <summary>The last lines of the log from <paramref name="start"/> on.</summary>
    public string LogTail(long start)
    {
        if (LogLength() is 0)
        {
            return "";
        }

        using var log = new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        log.Seek(Math.Max(Math.Min(start, log.Length), log.Length - 4096), SeekOrigin.Begin);
        using var reader = new StreamReader(log, Encoding.UTF8);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join('\n', lines.TakeLast(12));
    }

    private Task<ToolResult> StopAsync(string mode, int seconds) => Tool.RunAsync(
        binaries.Program("pg_ctl"),
        ["stop", "-D", Data, "-m", mode, "-w", "-t", seconds.ToString(CultureInfo.InvariantCulture), "-s"],
        user,
        CancellationToken.None);

    /// <summary>Given on the command line, where they outrank the files of the folder.</summary>
    private IEnumerable<string> Options(int port)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"port={port}");
        yield return "listen_addresses=127.0.0.1";
        // A socket's path may have 107 bytes, which a deep folder exceeds, and nothing needs one.
        yield return "unix_socket_directories=";
        yield return string.Create(CultureInfo.InvariantCulture, $"max_connections={settings.MaxConnections}");
        yield return "shared_buffers=64MB";
        yield return "jit=off";
        yield return "logging_collector=off";
        yield return "log_destination=stderr";
        yield return "cluster_name=gofer";
        if (!settings.Durable)
        {
            // synchronous_commit stays: without it a killed server loses commits that it has answered.
            yield return "fsync=off";
            yield return "full_page_writes=off";
        }
    }

    /// <summary>Keeps the end of an overlong log. Done as the log's owner: root must not write where another user may put a link.</summary>
    private async Task ShortenLogAsync()
    {
        if (LogLength() > LongestLog)
        {
            const string script = """umask 077; tail -c 1048576 "$1" >"$1.new" && mv "$1.new" "$1" """;
            await Tool.RunAsync("/bin/sh", ["-c", script, "sh", Log], user, CancellationToken.None);
        }
    }
}
