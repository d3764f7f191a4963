using System.Net;
using Docker.DotNet;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Where containers find the machine that their engine is on.</summary>
public static class DockerGateway
{
    /// <summary>The address of that machine in the network that tasks are in, which is made where it is missing; null where it has none.</summary>
    /// <exception cref="Application.Schedulers.SchedulerUnavailableException">The engine does not answer.</exception>
    public static async Task<IPAddress?> FindAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        using var client = new DockerClientBuilder().WithEndpoint(endpoint).Build();
        using var network = new DockerNetwork(client);
        return await network.GatewayAsync(cancellationToken);
    }
}
