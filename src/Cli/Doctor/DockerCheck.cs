using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Schedulers.Docker;

namespace Gofer.Cli.Doctor;

/// <summary>Whether a Docker Engine answers, and lets this user in.</summary>
internal static class DockerCheck
{
    private const string Name = "docker";

    public static async Task<Finding> RunAsync(string? configured, bool needed, CancellationToken cancellationToken)
    {
        var search = await DockerEndpoint.SearchAsync(configured, cancellationToken);
        if (search.Found is not { } endpoint)
        {
            var tried = $"No Docker Engine answers. Tried: {string.Join(", ", search.Tried)}.";
            return Finding.Broken(Name, needed, tried, search.Denied
                ? "sudo usermod -aG docker $USER, and log in again"
                : $"sudo systemctl start docker{(OperatingSystem.IsLinux() ? ", or do without: gofer dev --scheduler process" : "")}");
        }

        try
        {
            using var scheduler = new DockerScheduler(endpoint, () => Guid.Empty, TimeProvider.System);
            return Finding.Ok(Name, (await scheduler.ProbeAsync(cancellationToken)).Description);
        }
        catch (SchedulerUnavailableException e)
        {
            return Finding.Broken(Name, needed, e.Message, "sudo systemctl restart docker");
        }
    }
}
