using System.Diagnostics;
using System.Globalization;
using Gofer.Tests.Support.Node;

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

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-s3-").FullName;
    private readonly Process _process;

    private S3Server(string packages)
    {
        var program = Path.Combine(packages, "node_modules", "s3rver", "bin", "s3rver.js");
        _process = NodePackages.Start("node", [program, "-d", _folder, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket]);
    }

    /// <summary>Where it answers.</summary>
    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The files that it keeps now, its own notes beside them left out.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(_folder, "*._S3rver_object", SearchOption.AllDirectories)];

    /// <summary>Installs it where it is not yet, and starts it.</summary>
    public static async Task<S3Server> StartAsync(CancellationToken cancellationToken)
    {
        var server = new S3Server(await NodePackages.InstallAsync($"s3rver-{Version}", ["install", $"s3rver@{Version}"], [], cancellationToken));
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
}
