using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Docker.DotNet;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>
/// An engine that answers, or none; <paramref name="Tried"/> is what does not, each with why, and <paramref name="Denied"/> whether one of these is
/// there and does not let this user in.
/// </summary>
public sealed record DockerSearch(Uri? Found, IReadOnlyList<string> Tried, bool Denied);

/// <summary>
/// Finds the Docker Engine as <c>docker</c> itself does: what the settings or <c>DOCKER_HOST</c> name, the current context, then the usual
/// sockets of Docker, Podman and Colima. The first that answers is taken.
/// </summary>
public static class DockerEndpoint
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The engine's endpoint; the error names what was tried and the ways out. A named engine is the only one tried.</summary>
    public static async Task<Result<Uri>> FindAsync(string? configured, CancellationToken cancellationToken)
    {
        var search = await SearchAsync(configured, cancellationToken);
        if (search.Found is { } endpoint) return endpoint;
        var way = search.Denied
            ? "It is there and does not let this user in: sudo usermod -aG docker $USER, and log in again"
            : "Start Docker (sudo systemctl start docker), or name it with DOCKER_HOST";
        return new Error(
            ErrorKind.Unavailable, ErrorCodes.SchedulerUnavailable,
            $"No Docker Engine answers. Tried: {string.Join(", ", search.Tried)}. {way}, or run tasks as processes of this machine with --scheduler process.");
    }

    /// <summary>Looks for an engine, and says what was found on the way.</summary>
    public static async Task<DockerSearch> SearchAsync(string? configured, CancellationToken cancellationToken)
    {
        var (tried, denied) = (new List<string>(), false);
        foreach (var candidate in Candidates(configured))
        {
            if (!Uri.TryCreate(candidate, UriKind.Absolute, out var endpoint))
            {
                tried.Add($"{candidate} (no URL)");
                continue;
            }

            if (endpoint.Scheme == "unix" && !File.Exists(endpoint.LocalPath)) tried.Add($"{candidate} (not there)");
            else if (await AnswersAsync(endpoint, cancellationToken) is { } trouble)
            {
                tried.Add($"{candidate} ({trouble.Complaint})");
                denied |= trouble.Denied;
            }
            else
            {
                return new DockerSearch(endpoint, tried, denied);
            }
        }

        return new DockerSearch(null, tried, denied);
    }

    private static IEnumerable<string> Candidates(string? configured)
    {
        if ((configured ?? Environment.GetEnvironmentVariable("DOCKER_HOST")) is { Length: > 0 } named)
        {
            yield return named;
            yield break;
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (CurrentContext(home) is { } context)
        {
            yield return context;
            yield break;
        }

        if (OperatingSystem.IsWindows())
        {
            yield return "npipe://./pipe/docker_engine";
            yield break;
        }

        yield return "unix:///var/run/docker.sock";
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime)
        {
            yield return $"unix://{runtime}/docker.sock";
            yield return $"unix://{runtime}/podman/podman.sock";
        }

        yield return $"unix://{home}/.docker/run/docker.sock";
        yield return $"unix://{home}/.colima/default/docker.sock";
        yield return "unix:///run/podman/podman.sock";
    }

    /// <summary>The endpoint of the context that <c>docker context use</c> chose; null where none was.</summary>
    private static string? CurrentContext(string home)
    {
        var folder = Environment.GetEnvironmentVariable("DOCKER_CONFIG") is { Length: > 0 } named ? named : Path.Combine(home, ".docker");
        try
        {
            var name = Environment.GetEnvironmentVariable("DOCKER_CONTEXT");
            if (string.IsNullOrEmpty(name))
            {
                using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
                name = config.RootElement.TryGetProperty("currentContext", out var current) ? current.GetString() : null;
            }

            if (name is null or "" or "default") return null;
            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            using var meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "contexts", "meta", digest, "meta.json")));
            return meta.RootElement.GetProperty("Endpoints").GetProperty("docker").GetProperty("Host").GetString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // no context, or one that docker itself could not read
        }
    }

    private static async Task<(string Complaint, bool Denied)?> AnswersAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new DockerClientBuilder().WithEndpoint(endpoint).WithTimeout(Patience).Build();
            await client.System.PingAsync(patience.Token);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (DockerErrors.IsAway(e) || e is DockerApiException or ArgumentException or NotSupportedException))
        {
            var why = e.InnerException ?? e;
            return (e is OperationCanceledException ? "no answer in 2 s" : why.Message, why is SocketException { SocketErrorCode: SocketError.AccessDenied });
        }
    }
}
