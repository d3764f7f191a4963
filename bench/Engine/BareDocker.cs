using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Schedulers.Docker;

namespace Gofer.Bench.Engine;

/// <summary>The engine's own client and nothing else: what a script would do that runs containers by hand, a few at a time.</summary>
internal sealed class BareDocker : IDisposable
{
    /// <summary>The small image that the tests' engine and the demo have.</summary>
    public const string Image = "busybox:latest";

    private readonly DockerClient _client;

    private BareDocker(Uri endpoint, DockerClient client) => (Endpoint, _client) = (endpoint, client);

    public Uri Endpoint { get; }

    /// <summary>The engine that answers, with the image; else why there is none to measure on.</summary>
    public static async Task<(BareDocker? Docker, string Trouble)> FindAsync(CancellationToken cancellationToken)
    {
        var endpoint = await DockerEndpoint.FindAsync(null, cancellationToken);
        if (endpoint.Error is { } error) return (null, error.Message);
        var client = new DockerClientBuilder().WithEndpoint(endpoint.Value).WithTimeout(Timeout.InfiniteTimeSpan).Build();
        try
        {
            await client.Images.InspectImageAsync(Image, cancellationToken);
            return (new BareDocker(endpoint.Value, client), "");
        }
        catch (DockerApiException e)
        {
            client.Dispose();
            return (null, $"{Image} is not on the engine: {e.Message}");
        }
    }

    /// <summary>
    /// Create, start, wait, read the output, remove; the container is protected and its log kept as Gofer's are. In the engine's own network,
    /// or in another, which costs more: there the engine gives every container a name server.
    /// </summary>
    public async Task RunAsync(string[] command, string? network, CancellationToken cancellationToken)
    {
        var created = await _client.Containers.CreateContainerAsync(
            new CreateContainerParameters
            {
                Image = Image,
                Cmd = [.. command],
                HostConfig = new HostConfig
                {
                    CapDrop = ["ALL"],
                    SecurityOpt = ["no-new-privileges"],
                    LogConfig = new LogConfig { Type = "local" },
                    NetworkMode = network ?? "",
                },
            },
            cancellationToken);
        await _client.Containers.StartContainerAsync(created.ID, new ContainerStartParameters(), cancellationToken);
        var ended = await _client.Containers.WaitContainerAsync(created.ID, cancellationToken);
        if (ended.StatusCode != 0) throw new InvalidOperationException($"A container ended with {ended.StatusCode}.");
        using var log = await _client.Containers.GetContainerLogsAsync(
            created.ID, new ContainerLogsParameters { ShowStdout = true, ShowStderr = true }, cancellationToken);
        await log.ReadOutputToEndAsync(cancellationToken);
        await _client.Containers.RemoveContainerAsync(created.ID, new ContainerRemoveParameters(), cancellationToken);
    }

    /// <summary>Removes every container of an install, whether it runs or not.</summary>
    public async Task RemoveAllAsync(Guid install, CancellationToken cancellationToken)
    {
        var ours = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [$"{ContainerLabels.Install}={install}"] = true } };
        var containers = await _client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = ours }, cancellationToken);
        await Parallel.ForEachAsync(
            containers,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (container, token) => await _client.Containers.RemoveContainerAsync(container.ID, new ContainerRemoveParameters { Force = true }, token));
    }

    public void Dispose() => _client.Dispose();
}
