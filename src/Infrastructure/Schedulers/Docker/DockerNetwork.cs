using Docker.DotNet;
using Docker.DotNet.Models;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Gofer's own bridge network, so that tasks do not share one with whatever else the engine runs.</summary>
internal sealed class DockerNetwork(IDockerClient client)
{
    private const string Name = "gofer";

    private string? _known;

    /// <summary>The network's name; null for the engine's default where it cannot make ours, as engines without iptables cannot.</summary>
    public async Task<string?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known) return known.Length > 0 ? known : null;
        try
        {
            await DockerErrors.CallAsync(() => client.Networks.InspectNetworkAsync(Name, cancellationToken), cancellationToken);
        }
        catch (DockerApiException)
        {
            try
            {
                await DockerErrors.CallAsync(
                    () => client.Networks.CreateNetworkAsync(new NetworksCreateParameters { Name = Name, Driver = "bridge" }, cancellationToken), cancellationToken);
            }
            catch (DockerApiException e) when (e.StatusCode != System.Net.HttpStatusCode.Conflict)
            {
                _known = "";
                return null;
            }
            catch (DockerApiException)
            {
                // another worker made it at the same moment
            }
        }

        return _known = Name;
    }
}
