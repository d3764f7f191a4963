using System.Diagnostics;
using System.Text;
using System.Text.Json;
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
        if (path == "-") return Parse(await Console.In.ReadToEndAsync(cancellationToken), "standard input");
        if (File.Exists(path) && !path.EndsWith(".py", StringComparison.Ordinal)) return Parse(await File.ReadAllTextAsync(path, cancellationToken), path);
        if (ProgramOf(path) is not { } program)
        {
            var document = Path.Combine(path, "pipeline.json");
            if (File.Exists(document)) return Parse(await File.ReadAllTextAsync(document, cancellationToken), document);
            return new Error(ErrorKind.NotFound, ErrorCodes.MalformedRequest, Directory.Exists(path)
                ? $"{path} holds no pipeline: there is no pipeline.json, .NET project, package.json, go.mod, Cargo.toml or Python file in it."
                : $"There is no file or folder {path}.");
        }

        var printed = await RunAsync(program, errors, cancellationToken);
        return printed.IsOk ? Parse(printed.Value, $"what '{program.Shown}' printed") : printed.Error;
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
            return new Error(ErrorKind.NotFound, ErrorCodes.MalformedRequest, $"'{program.File}' is not installed, and {program.Folder} needs it to print its pipeline.");
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
                    : new Error(ErrorKind.Invalid, ErrorCodes.ValidationFailed, $"'{program.Shown}' failed with exit code {process.ExitCode}. Nothing was registered.");
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
        while (await from.ReadLineAsync(cancellationToken) is { } line) await to.WriteLineAsync(line.AsMemory(), cancellationToken);
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

    private static Result<JsonElement> Parse(string text, string what)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.Clone();
        }
        catch (JsonException e)
        {
            var line = text.Split('\n').ElementAtOrDefault((int)(e.LineNumber ?? 0))?.Trim() ?? "";
            return Error.Malformed(
                "", $"{char.ToUpperInvariant(what[0])}{what[1..]} is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}, near {Shown.Quoted(line)}. "
                + "A pipeline's program prints the document and nothing else to standard output.");
        }
    }
}
