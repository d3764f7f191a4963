using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>
/// The part of Vault's HTTP API that the KV engine of version 2 has, by its documentation
/// (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2): a double, since there is no Vault to be had here. It can be sealed, and take its token back.
/// </summary>
internal sealed class VaultDouble : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private VaultDouble(WebApplication app) => _app = app;

    public Uri Address => new($"{_app.Urls.Single()}{Base}");

    /// <summary>The path below which it answers, as behind a proxy that serves others too.</summary>
    public string Base { get; set; } = "";

    /// <summary>The token that is let in.</summary>
    public string Token { get; set; } = "hvs.first";

    /// <summary>Whether it answers 503 to everything.</summary>
    public bool IsSealed { get; set; }

    /// <summary>What was asked for: method and path, without values.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<VaultDouble> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var vault = new VaultDouble(app);
        app.Run(vault.AnswerAsync);
        await app.StartAsync(cancellationToken);
        return vault;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Writes a value's data as somebody else with rights there would.</summary>
    public void Replace(string pathEnd, JsonObject data)
    {
        lock (_lock) _entries.Single(e => e.Key.EndsWith(pathEnd, StringComparison.Ordinal)).Value.Versions.Last().Data = data;
    }

    /// <summary>Deletes the present version as <c>vault kv delete</c> does: it stays, and is not given out.</summary>
    public void SoftDelete(string pathEnd)
    {
        lock (_lock) _entries.Single(e => e.Key.EndsWith(pathEnd, StringComparison.Ordinal)).Value.Versions.Last().DeletedAt = Now();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        path = path.StartsWith(Base, StringComparison.Ordinal) ? path[Base.Length..] : "/elsewhere";
        Asked.Enqueue($"{http.Request.Method} {path}");
        var body = http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0
            ? await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) as JsonObject : null;
        var (status, answer) = IsSealed ? (503, Errors("Vault is sealed"))
            : http.Request.Headers["X-Vault-Token"] != Token || http.Request.Headers["X-Vault-Request"] != "true" ? (403, Errors("permission denied"))
            : path == "/v1/auth/token/lookup-self" ? (200, new JsonObject { ["data"] = new JsonObject { ["ttl"] = 3600 } })
            : path.StartsWith("/v1/kv/data/", StringComparison.Ordinal) ? Data(http.Request, path["/v1/kv/data/".Length..], body)
            : path.StartsWith("/v1/kv/metadata/", StringComparison.Ordinal) ? Metadata(http.Request, path["/v1/kv/metadata/".Length..], body)
            : (404, Errors());
        http.Response.StatusCode = status;
        if (answer is not null) await http.Response.WriteAsync(answer.ToJsonString(), http.RequestAborted);
    }

    private (int Status, JsonObject? Answer) Data(HttpRequest request, string path, JsonObject? body)
    {
        lock (_lock)
        {
            if (request.Method == "POST")
            {
                if (body?["data"] is not JsonObject data) return (400, Errors("no data provided"));
                var entry = Of(path);
                if (body["options"]?["cas"]?.GetValue<int>() is { } cas && cas != entry.Versions.Count)
                {
                    return (400, Errors("check-and-set parameter did not match the current version"));
                }

                entry.Versions.Add(new Version { Data = (JsonObject)data.DeepClone(), CreatedAt = Now() });
                return (200, new JsonObject { ["data"] = Describe(entry, entry.Versions.Count) });
            }

            if (request.Method != "GET" || !_entries.TryGetValue(path, out var found) || found.Versions.Count == 0) return (404, Errors());
            var number = int.TryParse(request.Query["version"], CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : found.Versions.Count;
            if (number > found.Versions.Count) return (404, Errors());
            var version = found.Versions[number - 1];
            var answer = new JsonObject { ["data"] = new JsonObject { ["data"] = version.DeletedAt is null ? version.Data.DeepClone() : null, ["metadata"] = Describe(found, number) } };
            return (version.DeletedAt is null ? 200 : 404, answer);
        }
    }

    private (int Status, JsonObject? Answer) Metadata(HttpRequest request, string path, JsonObject? body)
    {
        lock (_lock)
        {
            if (request.Method == "GET" && request.Query["list"] == "true")
            {
                var folder = $"{path.TrimEnd('/')}/";
                var keys = _entries.Keys.Where(k => k.StartsWith(folder, StringComparison.Ordinal)).Select(k => k[folder.Length..])
                    .Select(k => k.Contains('/', StringComparison.Ordinal) ? k[..(k.IndexOf('/', StringComparison.Ordinal) + 1)] : k).Distinct().ToArray();
                return keys.Length == 0 ? (404, Errors()) : (200, new JsonObject { ["data"] = new JsonObject { ["keys"] = new JsonArray([.. keys.Select(k => (JsonNode)k)]) } });
            }

            switch (request.Method)
            {
                case "POST":
                    if (body?["custom_metadata"] is JsonObject custom)
                    {
                        if (custom.Count > 64 || custom.Any(m => m.Key.Length > 128 || m.Value!.GetValue<string>().Length > 512)) return (400, Errors("custom_metadata is too large"));
                        Of(path).Custom = (JsonObject)custom.DeepClone();
                    }

                    return (204, null);
                case "DELETE":
                    _entries.Remove(path);
                    return (204, null);
                case "GET" when _entries.TryGetValue(path, out var entry):
                    return (200, new JsonObject
                    {
                        ["data"] = new JsonObject
                        {
                            ["created_time"] = entry.CreatedAt,
                            ["updated_time"] = entry.Versions.LastOrDefault()?.CreatedAt ?? entry.CreatedAt,
                            ["current_version"] = entry.Versions.Count,
                            ["custom_metadata"] = entry.Custom?.DeepClone(),
                            ["versions"] = new JsonObject(entry.Versions.Select((v, i) => KeyValuePair.Create<string, JsonNode?>(
                                (i + 1).ToString(CultureInfo.InvariantCulture),
                                new JsonObject { ["created_time"] = v.CreatedAt, ["deletion_time"] = v.DeletedAt ?? "", ["destroyed"] = false }))),
                        },
                    });
                default:
                    return (404, Errors());
            }
        }
    }

    private Entry Of(string path) => _entries.TryGetValue(path, out var entry) ? entry : _entries[path] = new Entry { CreatedAt = Now() };

    private static JsonObject Describe(Entry entry, int number) => new()
    {
        ["created_time"] = entry.Versions[number - 1].CreatedAt,
        ["custom_metadata"] = entry.Custom?.DeepClone(),
        ["deletion_time"] = entry.Versions[number - 1].DeletedAt ?? "",
        ["destroyed"] = false,
        ["version"] = number,
    };

    private static JsonObject Errors(params string[] said) => new() { ["errors"] = new JsonArray([.. said.Select(s => (JsonNode)s)]) };

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private sealed class Entry
    {
        public required string CreatedAt { get; init; }

        public List<Version> Versions { get; } = [];

        public JsonObject? Custom { get; set; }
    }

    private sealed class Version
    {
        public required JsonObject Data { get; set; }

        public required string CreatedAt { get; init; }

        public string? DeletedAt { get; set; }
    }
}
