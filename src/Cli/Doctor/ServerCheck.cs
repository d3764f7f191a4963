using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Gofer.Api;
using Gofer.Cli.Commands;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Doctor;

/// <summary>What a server said of itself, and by how much its clock is ahead of this machine's; <paramref name="Trouble"/> where it said nothing of use.</summary>
internal sealed record ServerAnswer(SystemView? System, TimeSpan? Ahead, string? Trouble)
{
    /// <summary>Why a Gofer lets nobody in who shows no other token; null where it is none, or did.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether somebody answered whose certificate is not trusted here.</summary>
    public bool IsDistrusted { get; init; }
}

/// <summary>Whether the server answers that commands would talk to, is ready, and of this program's version.</summary>
internal sealed class ServerCheck(string url, bool named, string? token = null)
{
    private const string Name = "server";
    private readonly Lock _gate = new();
    private Task<ServerAnswer>? _answer;

    public async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        var answer = await AskAsync(cancellationToken);
        if (answer.Refusal is { } refusal)
        {
            return Finding.Broken(
                Name, named, $"A Gofer answers at {url} and does not let you in. {refusal}",
                "Set GOFER_TOKEN, or keep a token in a context: gofer context set NAME --server URL --token-stdin. The first one of an install: gofer token bootstrap");
        }

        if (answer.System is not { } system)
        {
            return Finding.Broken(Name, named, answer.Trouble!, answer.IsDistrusted ? Certificates.Cure : named ? "Correct --server or GOFER_SERVER, or start one there: gofer dev" : "gofer dev");
        }

        var said = $"Gofer {system.Version} ({system.Commit}) answers at {url}.";
        if (await UnreadyAsync(cancellationToken) is { } unready) return Finding.Broken(Name, named, $"{said} It is not ready: {unready}", $"curl -s {url.TrimEnd('/')}/readyz");
        return system.Version == ProductVersion.Version
            ? Finding.Ok(Name, said)
            : Finding.Warning(Name, $"{said} This program is {ProductVersion.Version}.", $"Install the same version on both sides: gofer version; gofer version there");
    }

    /// <summary>What it says of itself; asked once, however many want to know.</summary>
    public Task<ServerAnswer> AskAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return _answer ??= FetchAsync(cancellationToken);
    }

    private async Task<ServerAnswer> FetchAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        try
        {
            if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await http.GetAsync(new Uri("/api/v1/system", UriKind.Relative), cancellationToken);
            var ahead = response.Headers.Date - TimeProvider.System.GetUtcNow();
            if (response.StatusCode == HttpStatusCode.Unauthorized
                && await response.Content.ReadFromJsonAsync<ProblemBody>(cancellationToken) is { Code: ErrorCodes.Unauthenticated } problem)
            {
                return new ServerAnswer(null, ahead, null) { Refusal = problem.Title };
            }

            var system = response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<SystemView>(cancellationToken) : null;
            return system is { Version.Length: > 0 }
                ? new ServerAnswer(system, ahead, null)
                : new ServerAnswer(null, null, $"What answers at {url} is no Gofer server, or one that cannot work: it says {(int)response.StatusCode}.");
        }
        catch (HttpRequestException e)
        {
            return new ServerAnswer(null, null, $"No server answers at {url}: {(e.InnerException ?? e).Message.TrimEnd('.')}.") { IsDistrusted = Certificates.IsRefused(e) };
        }
        catch (JsonException)
        {
            return new ServerAnswer(null, null, $"What answers at {url} is no Gofer server: what it says is not JSON.");
        }
    }

    private async Task<string?> UnreadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        try
        {
            using var response = await http.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            if (response.IsSuccessStatusCode) return null;
            using var said = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            return string.Join(", ", said.RootElement.GetProperty("checks").EnumerateObject().Select(c => $"{c.Name}: {c.Value.GetString()}"));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return e.Message;
        }
    }
}
