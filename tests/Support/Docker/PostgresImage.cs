using System.Diagnostics;

namespace Gofer.Tests.Support.Docker;

/// <summary>A Postgres image in the engine of the tests, made of this machine's own server files.</summary>
public static class PostgresImage
{
    /// <summary>Its name; makes it where it is not there yet.</summary>
    public static async Task<string> MakeAsync(CancellationToken cancellationToken)
    {
        await DockerEngine.EnsureAsync(cancellationToken);
        using var script = Process.Start(new ProcessStartInfo("bash", [Repository.PathOf("tests/testbed/postgres-image.sh")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = script.StandardError.ReadToEndAsync(cancellationToken);
        var name = (await script.StandardOutput.ReadToEndAsync(cancellationToken)).Trim();
        await script.WaitForExitAsync(cancellationToken);
        return script.ExitCode == 0 ? name : throw new InvalidOperationException($"tests/testbed/postgres-image.sh failed: {await errors}");
    }
}
