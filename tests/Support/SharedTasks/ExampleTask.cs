using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Gofer.Tests.Support.Node;

namespace Gofer.Tests.Support.SharedTasks;

/// <summary>
/// <c>examples/task-node</c> in a process of its own. It runs as it stands in the repository, from a copy whose packages are installed once into the user's cache by
/// its lock file.
/// </summary>
public sealed class ExampleTask : IAsyncDisposable
{
    /// <summary>What lets callers in.</summary>
    public const string Token = "the-token-of-the-example";

    private readonly string _room = Directory.CreateTempSubdirectory("gofer-task-").FullName;
    private readonly StringBuilder _said = new();
    private Process? _process;

    private ExampleTask()
    {
    }

    /// <summary>Where it answers.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Installs what it needs where that is not yet, and starts it.</summary>
    public static async Task<ExampleTask> StartAsync(CancellationToken cancellationToken)
    {
        var example = Repository.PathOf("examples/task-node");
        string[] locked = [Path.Combine(example, "package.json"), Path.Combine(example, "package-lock.json")];
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(locked[1], cancellationToken)))[..12];
        var packages = await NodePackages.InstallAsync($"task-{version}", ["ci"], locked, cancellationToken);
        var task = new ExampleTask();
        foreach (var file in new[] { "proto/gofer/task/v1/task.proto", "examples/task-node/task.mjs", "examples/task-node/package.json" })
        {
            var copy = Path.Combine(task._room, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Repository.PathOf(file), copy);
        }

        Directory.CreateSymbolicLink(Path.Combine(task._room, "examples/task-node/node_modules"), Path.Combine(packages, "node_modules"));
        await task.StartAsync("127.0.0.1:0", cancellationToken);
        return task;
    }

    /// <summary>Starts it again at the same address; it knows nothing of before.</summary>
    public Task StartAgainAsync(CancellationToken cancellationToken) => StartAsync(Url.Authority, cancellationToken);

    /// <summary>Kills it with SIGKILL.</summary>
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
        const string Start = "listening at ";
        var process = NodePackages.Start("node", [Path.Combine(_room, "examples/task-node/task.mjs")], ("GOFER_TASK_TOKEN", Token), ("GOFER_TASK_LISTEN", address));
        var listens = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => listens.TrySetException(new InvalidOperationException($"The example of a task did not start: {_said}"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        Url = new Uri($"http://{await listens.Task.WaitAsync(cancellationToken)}");

        void Note(string? line)
        {
            if (line is null) return;
            lock (_said) _said.AppendLine(line);
            if (line.StartsWith(Start, StringComparison.Ordinal)) listens.TrySetResult(line[Start.Length..]);
        }
    }
}
