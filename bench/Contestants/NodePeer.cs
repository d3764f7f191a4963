using System.Diagnostics;
using System.Text.Json;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Bench.Contestants;

/// <summary>A queue of the npm registry, run by its own Node on the same server. It is installed at the first use.</summary>
internal static class NodePeer
{
    private static readonly string s_folder = Path.Combine(Repository.Root, "bench", "peers");
    private static readonly Lazy<Task<string?>> s_trouble = new(InstallAsync);

    /// <summary>Jobs a second, or why there is no figure.</summary>
    public static async Task<(double Rate, string? Trouble)> RunAsync(string script, CancellationToken cancellationToken, params string[] arguments)
    {
        if (await s_trouble.Value.WaitAsync(cancellationToken) is { } trouble) return (0, trouble);
        await using var database = await TestDatabase.CreateAsync(cancellationToken);
        var node = Path.Combine(s_folder, "node_modules", ".bin", "node");
        var (code, output, error) = await ProgramAsync(node, [script, Url(database.ConnectionString), .. arguments], cancellationToken);
        if (code != 0) return (0, $"{script} ended with {code}: {Last(error)}");
        using var answer = JsonDocument.Parse(Last(output));
        return (answer.RootElement.GetProperty("rate").GetDouble(), null);
    }

    private static async Task<string?> InstallAsync()
    {
        if (Directory.Exists(Path.Combine(s_folder, "node_modules", "pg-boss"))) return null;
        try
        {
            var (code, _, error) = await ProgramAsync("npm", ["ci"], CancellationToken.None);
            return code == 0 ? null : $"npm ci failed: {Last(error)}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"npm did not start: {e.Message}";
        }
    }

    private static async Task<(int Code, string Output, string Error)> ProgramAsync(string file, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = s_folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string Url(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"postgres://{Uri.EscapeDataString(parts.Username!)}:{Uri.EscapeDataString(parts.Password ?? "")}@{parts.Host}:{parts.Port}/{parts.Database}";
    }

    private static string Last(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? last.Trim() : "no word";
}
