using System.Diagnostics;
using Gofer.Infrastructure.Schedulers.Docker;

namespace Gofer.Tests.Support.Docker;

/// <summary>
/// The Docker Engine of a test process: the one that answers, else the testbed's, which root on Debian can start. One that was started
/// here ends with the process, however that ends.
/// </summary>
public static class DockerEngine
{
    private const string Command = "bash tests/testbed/docker.sh up";

    private static readonly Lazy<Task> s_engine = new(FindAsync);

    /// <summary>What must live as long as the process: collected, the guard's pipe would close.</summary>
    private static Process? s_guard;

    /// <summary>Returns once an engine answers and <c>DOCKER_HOST</c> leads to it, for this process and those that it starts.</summary>
    public static Task EnsureAsync(CancellationToken cancellationToken) => s_engine.Value.WaitAsync(cancellationToken);

    /// <summary>The newest version of the API that the engine speaks.</summary>
    public static async Task<string> ApiVersionAsync()
    {
        var endpoint = await DockerEndpoint.FindAsync(null, CancellationToken.None);
        using var client = new global::Docker.DotNet.DockerClientBuilder().WithEndpoint(endpoint.Value).Build();
        return (await client.System.GetVersionAsync()).APIVersion;
    }

    private static async Task FindAsync()
    {
        var found = await DockerEndpoint.FindAsync(null, CancellationToken.None);
        if (found.IsOk) return;
        var running = await TestbedAsync("status");
        if (running is null)
        {
            if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
            {
                throw new InvalidOperationException($"{found.Error.Message} For the tests, as root on Debian: eval \"$({Command})\"");
            }

            var clock = Stopwatch.StartNew();
            await Console.Error.WriteLineAsync("Starting a Docker Engine for the tests");
            running = await TestbedAsync("up") ?? throw new InvalidOperationException($"'{Command}' failed.");
            await Console.Error.WriteLineAsync($"Docker Engine for the tests: {clock.Elapsed.TotalSeconds:0.0} s");
            s_guard = Guard();
        }

        Environment.SetEnvironmentVariable("DOCKER_HOST", running);
    }

    /// <summary>The engine's address as the script prints it, or null where it failed.</summary>
    private static async Task<string?> TestbedAsync(string command)
    {
        using var script = Process.Start(new ProcessStartInfo("bash", [Repository.PathOf("tests/testbed/docker.sh"), command]) { RedirectStandardOutput = true })!;
        var said = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return script.ExitCode == 0 ? said.Trim().Split("DOCKER_HOST=")[1] : null;
    }

    /// <summary>A shell that sleeps on a pipe of this process, which ends even on kill -9, and then stops the engine.</summary>
    private static Process Guard() => Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", "trap '' INT HUP TERM; cat >/dev/null; bash \"$1\" down >/dev/null 2>&1", "sh", Repository.PathOf("tests/testbed/docker.sh")])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
}
