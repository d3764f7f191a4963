using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;

namespace Gofer.Cli.Authoring;

/// <summary>
/// Where a pipeline document comes from: a JSON file, standard input, or a folder whose program prints it. A program that fails gives
/// nothing; what it writes to standard error is shown as it comes.
/// </summary>
internal static class PipelineSource
{
    private const int Largest = 4 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The document as JSON.</summary>
    public static async Task<Result<JsonElement>> ReadAsync(string path, TextWriter errors, CancellationToken cancellationToken)
    {
        var read = await ReadTextAsync(path, errors, cancellationToken);
        return read.IsOk ? read.Value.Document : read.Error;
    }

    /// <summary>The document with the text that it came from.</summary>
    public static async Task<Result<PipelineText>> ReadTextAsync(string path, TextWriter errors, CancellationToken cancellationToken)
    {
        if (path == "-") return PipelineText.Parse("Standard input", await Console.In.ReadToEndAsync(cancellationToken), isPrinted: false);
        if (File.Exists(path) && !path.EndsWith(".py", StringComparison.Ordinal)) return await ReadFileAsync(path, cancellationToken);
        if (ProgramOf(path) is not { } program)
        {
            var document = Path.Combine(path, "pipeline.json");
            if (File.Exists(document)) return await ReadFileAsync(document, cancellationToken);
            return new Error(ErrorKind.NotFound, ErrorCodes.MalformedRequest, Directory.Exists(path)
                ? $"{path} holds no pipeline: there is no pipeline.json, .NET project, package.json, go.mod, Cargo.toml or Python file in it. Name the file or the folder that has it."
                : $"There is no file or folder {path}.{Neighbour(path)}");
        }

        var printed = await Waiting.ForAsync(errors, $"'{program.Shown}' runs", () => RunAsync(program, errors, cancellationToken));
        return printed.IsOk ? PipelineText.Parse(program.Shown, printed.Value, isPrinted: true) : printed.Error;
    }

    private static async Task<Result<PipelineText>> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        if (Path.GetExtension(path) is ".yaml" or ".yml")
        {
            return Error.Malformed("", $"{path} is YAML, and a pipeline is JSON. Turn it into that first: yq -o json {path} > {Path.ChangeExtension(path, ".json")}");
        }

        return PipelineText.Parse(path, await File.ReadAllTextAsync(path, cancellationToken), isPrinted: false);
    }

    /// <summary>What is there under a name like that.</summary>
    private static string Neighbour(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || !Directory.Exists(folder)) return " Its folder is not there either.";
        var near = Nearest.Of(Path.GetFileName(path), Directory.EnumerateFileSystemEntries(folder).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal));
        return near is null ? " Name a JSON file, or the folder of a program that prints the document." : $" Did you mean '{Path.Combine(Path.GetDirectoryName(path) ?? "", near)}'?";
    }

    private sealed record PipelineProgram(string Folder, string File, string[] Arguments)
    {
        public string Shown => string.Join(' ', [File, .. Arguments]);
    }

    private static PipelineProgram? ProgramOf(string path)
    {
        if (File.Exists(path)) return new PipelineProgram(Path.GetDirectoryName(Path.GetFullPath(path))!, "python3", [Path.GetFullPath(path)]);
        if (!Directory.Exists(path)) return null;
        var folder = Path.GetFullPath(path);
        bool Has(string name) => File.Exists(Path.Combine(folder, name));
        if (Directory.EnumerateFiles(folder, "*.csproj").FirstOrDefault() is { } project) return new PipelineProgram(folder, "dotnet", ["run", "--project", project]);
        if (Has("package.json")) return Node(folder);
        if (Has("go.mod")) return new PipelineProgram(folder, "go", ["run", "."]);
        if (Has("Cargo.toml")) return new PipelineProgram(folder, "cargo", ["run", "--quiet"]);
        var scripts = Directory.EnumerateFiles(folder, "*.py").ToList();
        var main = scripts.Find(s => Path.GetFileName(s) == "main.py") ?? (scripts.Count == 1 ? scripts[0] : null);
        return main is null ? null : new PipelineProgram(folder, "python3", [main]);
    }

    /// <summary>What of the folder would be read or started; null where there is no pipeline in it.</summary>
    internal static string? HeldBy(string folder) =>
        ProgramOf(folder) is { } program ? $"'{program.Shown}'" : File.Exists(Path.Combine(folder, "pipeline.json")) ? "pipeline.json" : null;

    /// <summary>
    /// The package's start script. Where npm is not installed, which some distributions do not bring with node, a script that starts a
    /// file with node is started without it.
    /// </summary>
    private static PipelineProgram Node(string folder)
    {
        var npm = new PipelineProgram(folder, "npm", ["start", "--silent"]);
        if (IsInstalled("npm")) return npm;
        try
        {
            using var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "package.json")));
            return package.RootElement.TryGetProperty("scripts", out var scripts) && scripts.TryGetProperty("start", out var start)
                && start.GetString()?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["node", .. var arguments]
                ? new PipelineProgram(folder, "node", arguments)
                : npm;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return npm; // not installed: the error says so
        }
    }

    private static string Installing(string program) => program switch
    {
        "go" => "Install Go: apt-get install golang-go, or https://go.dev/dl.",
        "cargo" => "Install Rust: apt-get install cargo, or https://rustup.rs.",
        "npm" or "node" => "Install Node.js: apt-get install nodejs npm, or https://nodejs.org.",
        "dotnet" => "Install the .NET SDK: https://dot.net/download.",
        _ => $"Install it: apt-get install {program}.",
    };

    /// <summary>Whether a program of that name is on the path.</summary>
    internal static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(f => File.Exists(Path.Combine(f, program)));

    private static async Task<Result<string>> RunAsync(PipelineProgram program, TextWriter errors, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program.File, program.Arguments)
        {
            WorkingDirectory = program.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new Error(
                ErrorKind.NotFound, ErrorCodes.MalformedRequest,
                $"'{program.File}' is not installed, and {program.Folder} needs it to print its pipeline. {Installing(program.File)} Or print the document where it is installed, and hand it over: gofer up -");
        }

        using (process)
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            patience.CancelAfter(Patience);
            try
            {
                process.StandardInput.Close();
                var complaints = CopyAsync(process.StandardError, errors, patience.Token);
                // A program that is not read any more never ends by itself: nothing is waited for then.
                if (await TakeAsync(process.StandardOutput, patience.Token) is not { } printed)
                {
                    return Error.Invalid("", $"'{program.Shown}' printed more than {Largest} characters, which is no pipeline. Nothing was registered.");
                }

                await complaints;
                await process.WaitForExitAsync(patience.Token);
                return process.ExitCode == 0
                    ? printed
                    : new Error(ErrorKind.Invalid, ErrorCodes.ValidationFailed, $"'{program.Shown}' failed with exit code {process.ExitCode}; what it said is above. Nothing was registered.");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new Error(ErrorKind.Unavailable, ErrorCodes.ValidationFailed, $"'{program.Shown}' did not end within {Patience.TotalMinutes:0} minutes. Nothing was registered.");
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task CopyAsync(StreamReader from, TextWriter to, CancellationToken cancellationToken)
    {
        while (await from.ReadLineAsync(cancellationToken) is { } line)
        {
            Waiting.Erase(to);
            await to.WriteLineAsync(line.AsMemory(), cancellationToken);
        }
    }

    private static async Task<string?> TakeAsync(StreamReader from, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (text.Length + read > Largest) return null;
            text.Append(buffer, 0, read);
        }

        return text.ToString();
    }
}
