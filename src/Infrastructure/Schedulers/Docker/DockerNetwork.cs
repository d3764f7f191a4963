using System.Net;
using System.Net.Sockets;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>
/// Gofer's own bridge network, so that tasks do not share one with whatever else the engine runs. A name does not tell a network apart:
/// engines before 25 make several of one name when asked at once, so containers are given the id of the oldest.
/// </summary>
internal sealed class DockerNetwork(IDockerClient client, string name = DockerNetwork.Name) : IDisposable
{
    public const string Name = "gofer";

    /// <summary>The network that every engine has.</summary>
    private const string EnginesOwn = "bridge";

    private readonly SemaphoreSlim _one = new(1);
    private string? _known;

    /// <summary>The network's id; null for the engine's default where it cannot make ours, as engines without iptables cannot.</summary>
    public async Task<string?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _known) is { } known) return known;
        await _one.WaitAsync(cancellationToken);
        try
        {
            var id = _known ?? await OldestAsync(cancellationToken) ?? await CreateAsync(cancellationToken);
            Volatile.Write(ref _known, id);
            return id;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The address by which containers in the network reach the engine's own machine; null where it has none.</summary>
    public async Task<IPAddress?> GatewayAsync(CancellationToken cancellationToken)
    {
        var id = await EnsureAsync(cancellationToken) ?? EnginesOwn;
        try
        {
            var found = await DockerErrors.CallAsync(() => client.Networks.InspectNetworkAsync(id, cancellationToken), cancellationToken);
            return found.IPAM?.Config?.Select(c => IPAddress.TryParse(c.Gateway?.ToString(), out var address) ? address : null)
                .FirstOrDefault(a => a is { AddressFamily: AddressFamily.InterNetwork });
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }
    }

    /// <summary>The network is gone, as after a <c>docker network prune</c>: it is looked for, or made, again.</summary>
    public void Forget() => Volatile.Write(ref _known, null);

    public void Dispose() => _one.Dispose();

    private async Task<string?> CreateAsync(CancellationToken cancellationToken)
    {
        string made;
        try
        {
            var parameters = new NetworksCreateParameters { Name = name, Driver = "bridge" };
            made = (await DockerErrors.CallAsync(() => client.Networks.CreateNetworkAsync(parameters, cancellationToken), cancellationToken)).ID;
        }
        catch (DockerApiException)
        {
            return await OldestAsync(cancellationToken); // another worker made it at the same moment, or the engine makes none
        }

        var oldest = await OldestAsync(cancellationToken) ?? made;
        if (oldest != made) await RemoveAsync(made, cancellationToken);
        return oldest;
    }

    private async Task<string?> OldestAsync(CancellationToken cancellationToken)
    {
        var filter = new Dictionary<string, IDictionary<string, bool>> { ["name"] = new Dictionary<string, bool> { [name] = true } };
        try
        {
            var found = await DockerErrors.CallAsync(
                () => client.Networks.ListNetworksAsync(new NetworksListParameters { Filters = filter }, cancellationToken), cancellationToken);
            return found.Where(n => n.Name == name).OrderBy(n => n.Created).ThenBy(n => n.ID, StringComparer.Ordinal).FirstOrDefault()?.ID;
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }
    }

    private async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await DockerErrors.CallAsync(() => client.Networks.DeleteNetworkAsync(id, cancellationToken), cancellationToken);
        }
        catch (DockerApiException)
        {
            // somebody uses it already; two networks of one name do no harm
        }
    }
}
