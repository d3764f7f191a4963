using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;
using Gofer.Application.Schedulers;

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
}
