using System.Net;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Infrastructure.Schedulers.Process;

namespace Gofer.Cli.Hosting;

/// <summary>
/// A scheduler that answers, ready to be made: of an install that may become known later, before the first call, and with or without what
/// ended kept for inspection.
/// </summary>
public sealed record SchedulerChoice(string Kind, string Description, Func<Func<Guid>, TimeProvider, bool, IScheduler> Create)
{
    /// <summary>Finds the address by which its containers reach the machine that they are on; null where tasks are processes of this one.</summary>
    public Func<CancellationToken, Task<IPAddress?>>? Gateway { get; init; }

    /// <summary>Runs tasks on a Docker Engine.</summary>
    public const string Docker = "docker";

    /// <summary>Runs tasks as processes of this machine.</summary>
    public const string Process = "process";

    /// <summary>
    /// The scheduler of that kind; docker where none is named. Where it does not answer, the error names the ways out; with
    /// <paramref name="fallBack"/> processes are taken instead, for commands that are ours.
    /// </summary>
    public static async Task<Result<SchedulerChoice>> FindAsync(
        string? kind, string? dockerHost, string data, bool fallBack, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case Process:
                return OnProcesses(data, "processes of this machine: as you, no sandbox");
            case null or Docker:
                var endpoint = await DockerEndpoint.FindAsync(dockerHost, cancellationToken);
                if (endpoint.IsOk)
                {
                    return new SchedulerChoice(Docker, $"docker at {endpoint.Value}", (install, clock, keeps) => new DockerScheduler(endpoint.Value, install, clock, keeps))
                    {
                        Gateway = token => IsOfThisMachine(endpoint.Value) ? DockerGateway.FindAsync(endpoint.Value, token) : Task.FromResult<IPAddress?>(null),
                    };
                }

                return fallBack && kind is null
                    ? OnProcesses(data, "processes of this machine, since no Docker Engine answers: as you, no sandbox")
                    : endpoint.Error;
            default:
                return Error.Invalid("", $"There is no scheduler {Shown.Quoted(kind)}. There are: {Docker}, {Process}.{(Nearest.Of(kind, [Docker, Process]) is { } near ? $" Did you mean '{near}'?" : "")}");
        }
    }

    /// <summary>An engine elsewhere has networks whose addresses mean something else here.</summary>
    private static bool IsOfThisMachine(Uri endpoint) => endpoint.Scheme is "unix" or "npipe" || endpoint.IsLoopback;

    private static Result<SchedulerChoice> OnProcesses(string data, string description) => OperatingSystem.IsLinux()
        ? new SchedulerChoice(Process, description, (_, clock, _) => new ProcessScheduler(Path.Combine(data, "process"), clock))
        : new Error(ErrorKind.Unavailable, ErrorCodes.SchedulerUnavailable, "Tasks run as processes on Linux only. Start Docker, and name it with DOCKER_HOST where it is not found.");
}
