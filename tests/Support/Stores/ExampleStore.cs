using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Gofer.Infrastructure.Stores;
using Gofer.Tests.Support.Node;

namespace Gofer.Tests.Support.Stores;

/// <summary>
/// <c>examples/store</c> in a process of its own, over a folder that is thrown away. It runs as it stands in the repository, from a copy whose
/// packages are installed once into the user's cache by its lock file.
/// </summary>
public sealed class ExampleStore : IAsyncDisposable
{
    /// <summary>What lets callers in.</summary>
    public const string Token = "the-token-of-the-example";

    private readonly string _room = Directory.CreateTempSubdirectory("gofer-store-").FullName;
    private readonly StringBuilder _said = new();
    private Process? _process;

    private ExampleStore()
    {
    }

    /// <summary>Where it answers, with what.</summary>
    public StoreOptions Options { get; private set; } = null!;

    /// <summary>Everything that it wrote to its output and its log.</summary>
    public string Said
    {
        get
        {
            lock (_said) return _said.ToString();
        }
    }

    /// <summary>The files that it keeps now.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(Path.Combine(_room, "data"), "*", SearchOption.AllDirectories)];

    /// <summary>Installs what it needs where that is not yet, and starts it.</summary>
    public static async Task<ExampleStore> StartAsync(CancellationToken cancellationToken)
    {
        var example = Repository.PathOf("examples/store");
        string[] locked = [Path.Combine(example, "package.json"), Path.Combine(example, "package-lock.json")];
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(locked[1], cancellationToken)))[..12];
        var packages = await NodePackages.InstallAsync($"store-{version}", ["ci"], locked, cancellationToken);
        var store = new ExampleStore();
        foreach (var file in new[] { "proto/gofer/store/v1/store.proto", "examples/store/store.mjs", "examples/store/package.json" })
        {
            var copy = Path.Combine(store._room, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Repository.PathOf(file), copy);
        }

        Directory.CreateSymbolicLink(Path.Combine(store._room, "examples/store/node_modules"), Path.Combine(packages, "node_modules"));
        await store.StartAsync("127.0.0.1:0", cancellationToken);
        return store;
    }

    /// <summary>Starts it again at the same address, over the same folder.</summary>
    public Task StartAgainAsync(CancellationToken cancellationToken) => StartAsync(Options.Address.Authority, cancellationToken);

    /// <summary>Kills it, as a crash would.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_room, recursive: true);
    }

    private async Task StartAsync(string address, CancellationToken cancellationToken)
    {
        const string Start = "The store listens at ";
        var process = NodePackages.Start("node", [Path.Combine(_room, "examples/store/store.mjs"), Path.Combine(_room, "data"), address], ("GOFER_STORE_TOKEN", Token));
        var listens = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => listens.TrySetException(new InvalidOperationException($"The example of a store did not start: {Said}"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        Options = new StoreOptions { Address = new Uri($"http://{await listens.Task.WaitAsync(cancellationToken)}"), Token = Token };

        void Note(string? line)
        {
            if (line is null) return;
            lock (_said) _said.AppendLine(line);
            if (line.StartsWith(Start, StringComparison.Ordinal)) listens.TrySetResult(line[Start.Length..]);
        }
    }
}
