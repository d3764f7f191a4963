using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Application.Common;

namespace Gofer.Infrastructure.Secrets.Vault;

/// <summary>
/// Vault's HTTP API: an answer, or null where there is nothing of that path. Whatever else is said, and that nothing is, is a store that is away:
/// a sealed Vault is opened, a token that ran out is renewed, and whoever waits goes on then.
/// Source: developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.
/// </summary>
internal sealed class VaultClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly VaultOptions _options;
    private readonly HttpClient _http;
    private volatile string? _token;

    public VaultClient(VaultOptions options)
    {
        _options = options;
        // A redirect would take the token to wherever it leads.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) };
        _http = new HttpClient(handler) { BaseAddress = new Uri($"{options.Address.ToString().TrimEnd('/')}/"), Timeout = s_patience, MaxResponseContentBufferSize = 4 * 1024 * 1024 };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Asks for <c>v1/MOUNT/PATH</c>, whose parts need no escaping.</summary>
    public Task<JsonElement?> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken) =>
        AskAsync(method, $"{_options.Mount}/{path}", body, cancellationToken);

    /// <summary>Returns where Vault answers, is open and knows the token; what it may do there, only its use shows.</summary>
    /// <exception cref="StoreUnavailableException">It does not, and why.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        const string Path = "auth/token/lookup-self";
        if (await AskAsync(HttpMethod.Get, Path, null, cancellationToken) is not { ValueKind: JsonValueKind.Object } answer || !answer.TryGetProperty("data", out _))
        {
            throw Away($"answers GET {Path} as no Vault does; is it one?");
        }
    }


    private async Task<JsonElement?> AskAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        var token = _token ?? ReadToken();
        var answer = await OnceAsync(method, path, body, token, cancellationToken);
        if (answer.Status == HttpStatusCode.Forbidden && _options.TokenPath is not null && ReadToken() is var now && now != token)
        {
            answer = await OnceAsync(method, path, body, now, cancellationToken);
        }

        return answer switch
        {
            { Status: HttpStatusCode.NotFound } => null,
            { Status: >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices } => answer.Body,
            { Status: HttpStatusCode.Forbidden } => throw Away($"refuses the token for {method} {path} (403): has it run out, and does its policy allow that?"),
            { Status: HttpStatusCode.ServiceUnavailable } => throw Away($"is sealed or not ready (503){Errors(answer.Body)}"),
            { Status: >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest } => throw Away($"sends elsewhere ({(int)answer.Status}); name the server that answers"),
            _ => throw Away($"answered {method} {path} with {(int)answer.Status}{Errors(answer.Body)}"),
        };
    }

    private async Task<(HttpStatusCode Status, JsonElement? Body)> OnceAsync(
        HttpMethod method, string path, JsonObject? body, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, $"v1/{path}");
        request.Headers.Add("X-Vault-Request", "true");
        request.Headers.Add("X-Vault-Token", token);
        if (_options.Namespace is { } name) request.Headers.Add("X-Vault-Namespace", name);
        if (body is not null) request.Content = JsonContent.Create(body);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return (response.StatusCode, Parse(text));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Away(e is OperationCanceledException ? "did not answer in 10 seconds" : $"cannot be reached: {e.Message}", e);
        }
    }

    private string ReadToken()
    {
        if (_options.TokenPath is not { } path) return _token = _options.Token ?? "";
        try
        {
            return _token = File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Away($"needs the token in {path}, which cannot be read: {e.Message}", e);
        }
    }

    private static JsonElement? Parse(byte[] text)
    {
        try
        {
            return text.Length == 0 ? null : JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What Vault says went wrong, which holds nothing of a value.</summary>
    private static string Errors(JsonElement? body) =>
        body is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array && errors.GetArrayLength() > 0
            ? $": {string.Join("; ", errors.EnumerateArray().Select(e => e.ToString()))}"
            : "";

    private StoreUnavailableException Away(string what, Exception? inner = null) => new($"Vault at {_options.Address} {what}", inner);
}
