using System.Net;
using System.Runtime.CompilerServices;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Reads a container's output by Docker's multiplexed stream, from its start, leaving out what was had before.</summary>
internal static class DockerLogs
{
    private const int Largest = 64 * 1024;

    /// <summary>What a container that says little needs: a worker follows a thousand of them.</summary>
    private const int Smallest = 4 * 1024;

    /// <summary>Until the engine ends the stream; nothing where there is no such container.</summary>
    public static async IAsyncEnumerable<LogPiece> ReadAsync(
        IDockerClient client, string name, long skipStdout, long skipStderr, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        MultiplexedStream stream;
        try
        {
            stream = await DockerErrors.CallAsync(
                () => client.Containers.GetContainerLogsAsync(
                    name, new ContainerLogsParameters { ShowStdout = true, ShowStderr = true, Follow = true }, cancellationToken),
                cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            yield break;
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }

        using var _ = stream;
        var buffer = new byte[Smallest];
        while (true)
        {
            var read = await DockerErrors.CallAsync(() => stream.ReadOutputAsync(buffer, 0, buffer.Length, cancellationToken), cancellationToken);
            if (read.EOF) yield break;
            var isStdout = read.Target == MultiplexedStream.TargetStream.StandardOut;
            ref var skip = ref isStdout ? ref skipStdout : ref skipStderr;
            var had = (int)Math.Min(skip, read.Count);
            skip -= had;
            if (had < read.Count) yield return new LogPiece(isStdout ? LogStream.Stdout : LogStream.Stderr, buffer.AsMemory(had, read.Count - had));
            if (read.Count == buffer.Length && buffer.Length < Largest) buffer = new byte[Largest];
        }
    }
}
