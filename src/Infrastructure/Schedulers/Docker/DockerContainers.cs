using Docker.DotNet.Models;
using Gofer.Application.Schedulers;
using ContainerSpec = Gofer.Application.Schedulers.ContainerSpec;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Says a spec in Docker's words, with the protection that every container of ours has.</summary>
internal static class DockerContainers
{
    /// <summary>Processes of a container at most.</summary>
    private const long Pids = 512;

    /// <summary>What is left after all capabilities were dropped: enough for package managers and shells, nothing that reaches the host.</summary>
    private static readonly string[] s_capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"];

    /// <summary>
    /// The usual json-file driver keeps text only: bytes that are not UTF-8 come back as something else. The local one keeps them, and must
    /// be told not to throw away what nobody has read yet.
    /// </summary>
    private static LogConfig ExactLogs => new()
    {
        Type = "local",
        Config = new Dictionary<string, string> { ["max-size"] = "1t", ["max-file"] = "1", ["compress"] = "false" },
    };

    public static CreateContainerParameters Parameters(ContainerSpec spec, string? network, bool exactLogs) => new()
    {
        Name = spec.Name,
        Image = spec.Image,
        Entrypoint = spec.Entrypoint.Count > 0 ? [.. spec.Entrypoint] : null!, // null keeps the image's own
        Cmd = spec.Command.Count > 0 ? [.. spec.Command] : null!,
        Env = [.. spec.Environment.Select(v => $"{v.Key}={v.Value}")],
        Labels = new Dictionary<string, string>(spec.Labels),
        WorkingDir = spec.WorkingDir ?? "",
        User = spec.User ?? "",
        Tty = false,
        AttachStdin = false,
        OpenStdin = false,
        HostConfig = new HostConfig
        {
            NetworkMode = network ?? "",
            SecurityOpt = ["no-new-privileges"],
            CapDrop = ["ALL"],
            CapAdd = [.. s_capabilities],
            PidsLimit = Pids,
            NanoCPUs = (spec.CpuMillis ?? 0) * 1_000_000,
            Memory = spec.MemoryBytes ?? 0,
            MemorySwap = spec.MemoryBytes ?? 0, // no swap beyond the limit: over it is over it
            LogConfig = exactLogs ? ExactLogs : null!,
            AutoRemove = false,
            Privileged = false,
        },
    };
}
