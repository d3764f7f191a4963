using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gofer.Tests.Integration.Access;
using Gofer.Tests.Integration.Serving;

[assembly: AssemblyFixture(typeof(SecuredServer))]

namespace Gofer.Tests.Integration.Access;

/// <summary>A server that asks for tokens, with a worker beside it, for all tests of access; its first token, and a client for each token.</summary>
public sealed class SecuredServer : IAsyncLifetime
{
    private readonly GoferServer _server = new() { Settings = { ["Gofer:Api:Authentication"] = "tokens" } };

    /// <summary>The one of all tests, which ask as fast as they can: it has no rate limits.</summary>
    public SecuredServer()
        : this(("Api:TokenRate", "0"), ("Api:NamespaceRate", "0"), ("Api:StrangerRate", "0"))
    {
    }

    /// <summary>One of a test's own, with these settings.</summary>
    internal SecuredServer(params (string Key, string Value)[] settings)
    {
        foreach (var (key, value) in settings) _server.Settings[$"Gofer:{key}"] = value;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The server.</summary>
    public GoferServer Server => _server;

    /// <summary>The token that may do everything.</summary>
    public string Admin { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        var made = await SendAsync(null, HttpMethod.Post, "/api/v1/tokens/bootstrap");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Admin = made.Json.GetProperty("token").GetString()!;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>A client that shows a token, or none.</summary>
    public HttpClient Http(string? token)
    {
        var http = _server.Http();
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>Sends a request with that token.</summary>
    public async Task<Answer> SendAsync(string? token, HttpMethod method, string path, string? body = null, string type = "application/json", string? ifMatch = null)
    {
        using var http = Http(null);
        using var request = new HttpRequestMessage(method, path);
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await http.SendAsync(request, Ct);
        return new Answer(
            response.StatusCode, await response.Content.ReadAsStringAsync(Ct), response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.Tag, response.Headers.Location, false);
    }

    /// <summary>A new token with one role in some namespaces.</summary>
    public async Task<(string Id, string Token)> TokenAsync(string role, string expiresIn = "1h", params string[] namespaces)
    {
        var made = await SendAsync(
            Admin, HttpMethod.Post, "/api/v1/tokens",
            JsonSerializer.Serialize(new { name = $"a-{role}", roles = new[] { role }, namespaces, expires_in = expiresIn }));
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        return (made.Json.GetProperty("id").GetString()!, made.Json.GetProperty("token").GetString()!);
    }

    /// <summary>Asks until the answer has that status: a change of a token is known everywhere within seconds.</summary>
    public async Task<Answer> UntilAsync(HttpStatusCode status, string token, string path)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var answer = await SendAsync(token, HttpMethod.Get, path);
            if (answer.Status == status) return answer;
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{path} still answers {answer}");
        }
    }
}
