using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;
using Gofer.Application.Schedulers;
using ContainerSpec = Gofer.Application.Schedulers.ContainerSpec;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Tells an engine that does not answer from one that says no; the one place that knows which exceptions mean what.</summary>
internal static class DockerErrors
{
    /// <summary>Runs a call to the engine; where the engine is away it throws what the port promises.</summary>
    public static async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && IsAway(e))
        {
            throw Unavailable(e);
        }
    }

    /// <inheritdoc cref="CallAsync{T}"/>
    public static Task CallAsync(Func<Task> call, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            await call();
            return true;
        },
        cancellationToken);

    public static SchedulerUnavailableException Unavailable(Exception e) => new($"Docker does not answer: {(e.InnerException ?? e).Message}", e);

    /// <summary>Whether the engine did not answer; a cancelled call that nobody cancelled is a time-out.</summary>
    public static bool IsAway(Exception e) =>
        e is HttpRequestException or IOException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException
        || e is DockerApiException { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout };

    /// <summary>What the engine said, without its JSON.</summary>
    public static string Words(this DockerApiException e)
    {
        try
        {
            using var json = JsonDocument.Parse(e.ResponseBody ?? "");
            return json.RootElement.TryGetProperty("message", out var message) ? message.GetString() ?? e.Message : e.Message;
        }
        catch (JsonException)
        {
            return e.ResponseBody is { Length: > 0 } body ? body.Trim() : e.Message;
        }
    }

    /// <summary>Why a container could not be started. An engine says that a command is not there in the words of its own insides.</summary>
    public static string NotStarted(ContainerSpec spec, string words)
    {
        var command = spec.Entrypoint.Concat(spec.Command).FirstOrDefault();
        if (command is not null && words.Contains("exec:", StringComparison.Ordinal))
        {
            if (words.Contains("not found", StringComparison.Ordinal) || words.Contains("no such file", StringComparison.Ordinal))
            {
                return $"The command '{command}' is not in the image {spec.Image}. See what is: docker run --rm -it {spec.Image} sh";
            }

            if (words.Contains("permission denied", StringComparison.Ordinal))
            {
                return $"The command '{command}' of the image {spec.Image} is not executable. Make it so when the image is built: chmod +x";
            }
        }

        return $"Docker could not start the container: {words}";
    }
}
