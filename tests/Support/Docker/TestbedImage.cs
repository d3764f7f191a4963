using System.Diagnostics;

namespace Gofer.Tests.Support.Docker;

/// <summary>Images in the engine of the tests, made of this machine's own files.</summary>
public static class TestbedImage
{
    /// <summary>The name of one with a Postgres server; makes it where it is not there yet.</summary>
    public static Task<string> PostgresAsync(CancellationToken cancellationToken) => MakeAsync("postgres-image.sh", [], cancellationToken);

    /// <summary>The name of one with a shell, curl and the <c>gofer</c> of that folder; makes it where it is not there yet.</summary>
    public static Task<string> ToolsAsync(string gofer, CancellationToken cancellationToken) => MakeAsync("tools-image.sh", [gofer], cancellationToken);

    /// <summary>The name of one with a shell, node, and that folder at <c>/app</c>; makes it where it is not there yet.</summary>
    public static Task<string> NodeAsync(string folder, string tag, CancellationToken cancellationToken) => MakeAsync("node-image.sh", [folder, tag], cancellationToken);

    private static async Task<string> MakeAsync(string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await DockerEngine.EnsureAsync(cancellationToken);
        using var process = Process.Start(new ProcessStartInfo("bash", [Repository.PathOf($"tests/testbed/{script}"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var name = (await process.StandardOutput.ReadToEndAsync(cancellationToken)).Trim();
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? name : throw new InvalidOperationException($"tests/testbed/{script} failed: {await errors}");
    }
}
