using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Gofer.Tests.Support.Node;

namespace Gofer.Tests.Support.Extensions;

/// <summary>
/// An example that says <c>listening at HOST:PORT</c>, in a process of its own. One of Node runs as it stands in the repository, from a copy whose packages
/// are installed once into the user's cache by its lock file.
/// </summary>
public sealed class ExampleProgram : IAsyncDisposable
{
    private const string Start = "listening at ";

    private readonly StringBuilder _said = new();
    private readonly string? _room;
    private readonly string _program;
    private readonly string _file;
    private readonly (string Key, string Value)[] _environment;
    private readonly string _listen;
    private Process? _process;

    private ExampleProgram(string program, string file, string listen, (string Key, string Value)[] environment, string? room) =>
        (_program, _file, _listen, _environment, _room) = (program, file, listen, environment, room);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>Everything that it wrote.</summary>
    public string Said
    {
        get
        {
            lock (_said) return _said.ToString();
        }
    }

    /// <summary>Starts <paramref name="script"/> of the repository; <paramref name="listen"/> is the variable that says where it listens.</summary>
    public static async Task<ExampleProgram> NodeAsync(string script, string listen, CancellationToken cancellationToken, params (string Key, string Value)[] environment)
    {
        var folder = Path.GetDirectoryName(script)!;
        string[] locked = [Repository.PathOf($"{folder}/package.json"), Repository.PathOf($"{folder}/package-lock.json")];
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(locked[1], cancellationToken)))[..12];
        var packages = await NodePackages.InstallAsync($"{Path.GetFileName(folder)}-{version}", ["ci"], locked, cancellationToken);
        var room = Directory.CreateTempSubdirectory("gofer-example-").FullName;
        var root = Repository.PathOf("proto");
        foreach (var file in Directory.EnumerateFiles(root, "*.proto", SearchOption.AllDirectories))
        {
            Copy(file, Path.Combine(room, "proto", Path.GetRelativePath(root, file)));
        }

        foreach (var file in new[] { script, $"{folder}/package.json" }) Copy(Repository.PathOf(file), Path.Combine(room, file));
        Directory.CreateSymbolicLink(Path.Combine(room, folder, "node_modules"), Path.Combine(packages, "node_modules"));
        var example = new ExampleProgram("node", Path.Combine(room, script), listen, environment, room);
        await example.StartAsync(cancellationToken);
        return example;

        static void Copy(string from, string to)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to);
        }
    }

    /// <summary>Starts a program of .NET that is built beside the tests.</summary>
    public static async Task<ExampleProgram> DotnetAsync(string assembly, string listen, CancellationToken cancellationToken, params (string Key, string Value)[] environment)
    {
        var example = new ExampleProgram("dotnet", Path.Combine(AppContext.BaseDirectory, assembly), listen, environment, null);
        await example.StartAsync(cancellationToken);
        return example;
    }

    /// <summary>Starts it again, at the same address.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var process = NodePackages.Start(_program, [_file], [.. _environment, (_listen, Address.Authority)]);
        var listens = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => listens.TrySetException(new InvalidOperationException($"{_file} did not start: {Said}"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        Address = new Uri($"http://{await listens.Task.WaitAsync(cancellationToken)}");

        void Note(string? line)
        {
            if (line is null) return;
            lock (_said) _said.AppendLine(line);
            if (line.StartsWith(Start, StringComparison.Ordinal)) listens.TrySetResult(line[Start.Length..]);
        }
    }

    /// <summary>Waits until it ended by itself; its exit code.</summary>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        await _process!.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

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
        if (_room is not null) Directory.Delete(_room, recursive: true);
    }
}
