using System.Diagnostics;
using System.Globalization;

namespace Gofer.Tests.Support.S3;

/// <summary>
/// A small S3 server in a process of its own, over a folder that is thrown away: <c>s3rver</c> of npm, which knows keys by their ids and believes their signatures. It is
/// installed once into the user's cache.
/// </summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>The bucket that it has.</summary>
    public const string Bucket = "objects";

    /// <summary>Id and secret of the one key that it knows.</summary>
    public static readonly (string Id, string Secret) Key = ("S3RVER", "S3RVER");

    private const string Version = "3.7.1";

    private static readonly string s_cache = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gofer-tests", $"s3rver-{Version}");

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-s3-").FullName;
    private readonly Process _process;

    private S3Server()
    {
        _process = Start("node", [Path.Combine(s_cache, "node_modules", "s3rver", "bin", "s3rver.js"), "-d", _folder, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket]);
    }

    /// <summary>Where it answers.</summary>
    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The files that it keeps now, its own notes beside them left out.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(_folder, "*._S3rver_object", SearchOption.AllDirectories)];

    /// <summary>Installs it where it is not yet, and starts it.</summary>
    public static async Task<S3Server> StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(s_cache)) await InstallAsync(cancellationToken);
        var server = new S3Server();
        while (await server._process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.Contains("listening on", StringComparison.Ordinal)) continue;
            server.Endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{line[(line.LastIndexOf(':') + 1)..].Trim()}"));
            // Whatever it says from here on is for nobody; a pipe that is full would hold it up.
            _ = server._process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            _ = server._process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            return server;
        }

        var said = await server._process.StandardError.ReadToEndAsync(cancellationToken);
        await server.DisposeAsync();
        throw new InvalidOperationException($"s3rver did not start: {said}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Into a folder beside, which gets its name once all is there.</summary>
    private static async Task InstallAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(s_cache)!);
        var beside = $"{s_cache}.{Environment.ProcessId}";
        using var npm = Start("npm", ["install", "--prefix", beside, $"s3rver@{Version}", "--no-audit", "--no-fund", "--ignore-scripts"]);
        var said = await npm.StandardError.ReadToEndAsync(cancellationToken);
        await npm.WaitForExitAsync(cancellationToken);
        if (npm.ExitCode != 0) throw new InvalidOperationException($"This test needs npm and a registry: npm install --prefix {s_cache} s3rver@{Version}. {said}");
        try
        {
            Directory.Move(beside, s_cache);
        }
        catch (IOException) when (Directory.Exists(s_cache))
        {
            Directory.Delete(beside, recursive: true); // another test process was quicker
        }
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"This test needs {program}: apt-get install nodejs npm", e);
        }
    }
}
