using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Gofer.Tests.Integration.Serving;
using Json.Schema;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>
/// What the server's own description says of it is true: requests are made of the description, good ones and others, by callers who may and others, and
/// every answer has a status that the description names there, below 500, and a body that its schema accepts. A HEAD is a GET whose answer has no body.
/// Of what is followed the head is judged: a stream of a run that nobody works on has no end.
/// </summary>
public sealed class OpenApiFuzzTests(ITestOutputHelper output)
{
    private const int Requests = 20_000;

    private static readonly string[] s_names = ["default", "p", "t", "k", "1", "latest", "viewer", "own", "q", "none", "0", "99", "a b", "..x", "%00", "ä", "x/y", new('x', 64)];

    private const string Extension = """{"id":"x","endpoint":"http://127.0.0.1:9","enabled":false}""";

    private const string Shared = """{"version":"1.0","container":{"image":"busybox:latest","command":["true"]}}""";

    /// <summary>A backfill of a trigger that fires every thirty days.</summary>
    private const string Past = """{"from":"2026-01-01T00:00:00Z","to":"2026-06-01T00:00:00Z"}""";

    private static readonly string[] s_texts =
    [
        "", "x", "p", "q", "default", "own", "team-*", "viewer", "active", "paused", "same", "live", "failed", "start", "1", "12", "true", "90d", "1h", "busybox:latest", "pipeline_secret{{k}}", "param{{x}}", "success",
        "exit_code", "queue", "GOFER_X", "2026-01-01T00:00:00Z", "\0", "\ud800", "äöü → 日本", "'; drop table gofer.runs; --", "a:b", new('x', 70), new('y', 4000),
    ];

    private static readonly string?[] s_bodies = ["", "{", "null", "[]", "7", "\"x\"", "{}", "{\"a\":1,\"a\":2}", "{\"nobody_knows_this\":1}", string.Concat(Enumerable.Repeat("[", 100)), null];

    /// <summary>Which of the values that a generator knows is taken; the same numbers make the same request.</summary>
    private static readonly Gen<int[]> s_choices = Gen.Int[0, int.MaxValue].Array[64];

    private readonly ConcurrentDictionary<string, JsonSchema> _schemas = new();
    private JsonObject _document = [];
    private string[] _callers = [];
    private volatile string _token = "";
    private volatile string _hook = "";
    private volatile string _event = "";
    private volatile string _backfill = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twenty_thousand_requests_of_all_kinds_are_answered_as_the_document_says()
    {
        await using var server = new GoferServer { Works = false, Settings = { ["Gofer:Api:Authentication"] = "tokens", ["Gofer:Api:TokenRate"] = "0", ["Gofer:Api:NamespaceRate"] = "0" } };
        await server.InitializeAsync();
        using var http = server.Http();
        using var admin = server.Http();
        using var area = new Area("default", admin, new Client.GoferClient(admin));
        await LetInAsync(area);
        await PlantAsync(area);
        _document = JsonNode.Parse(await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Ct))!.AsObject();
        var operations = Operations();
        var statuses = new ConcurrentDictionary<string, int>();
        var good = new ConcurrentDictionary<string, bool>();
        await s_choices.SampleAsync(
            async choices =>
            {
                var picks = new Picks(choices);
                // Requests change what others ask for.
                if (picks.Next(40) == 0) await PlantAsync(area);
                var operation = operations[picks.Next(operations.Count)];
                using var request = Make(operation, picks, out var said);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
                var answer = $"{said} → {(int)response.StatusCode}";
                statuses.AddOrUpdate($"{(int)response.StatusCode}", 1, (_, n) => n + 1);
                if ((int)response.StatusCode >= 500) Assert.Fail($"{answer} {await response.Content.ReadAsStringAsync(Ct)}");
                Assert.True(operation.Responses.TryGetPropertyValue(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture), out var documented), $"{answer} is not documented");
                await JudgeBodyAsync(response, documented!.AsObject(), answer);
                if (response.IsSuccessStatusCode) good[$"{operation.Method} {operation.Path}"] = true;
                if (response.StatusCode == HttpStatusCode.NoContent) await PlantAgainAsync(area, request.RequestUri!.ToString());
            },
            iter: Requests, threads: 4);
        output.WriteLine($"{Requests} requests to {operations.Count} operations: {string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}: {s.Value} ({100.0 * s.Value / Requests:0.0} %)")))}");
        // A fuzz that nobody lets in, or that asks for what is not there, tests the door alone.
        Assert.True(statuses["200"] + statuses["201"] + statuses["204"] > Requests / 3, "Hardly any request was good.");
        Assert.True(statuses["404"] < Requests / 4, "Too many ask for what is not there.");
        // The first token is made once, before this begins.
        var never = operations.Select(o => $"{o.Method} {o.Path}").Except(good.Keys).Except(["POST /api/v1/tokens/bootstrap"]).ToList();
        // Chance decides: one operation may have had none.
        Assert.True(never.Count <= 1, $"Never good: {string.Join(", ", never)}");
    }

    /// <summary>Makes tokens: of whoever may do everything, most of the time, and of others.</summary>
    private async Task LetInAsync(Area area)
    {
        var first = (await area.SendAsync(HttpMethod.Post, "/api/v1/tokens/bootstrap")).Json.GetProperty("token").GetString()!;
        area.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", first);
        var others = new List<string>();
        foreach (var role in new[] { "developer", "operator", "viewer" })
        {
            var made = await area.SendAsync(HttpMethod.Post, "/api/v1/tokens", $$"""{"name":"{{role}}","roles":["{{role}}"],"namespaces":["default"]}""");
            others.Add(made.Json.GetProperty("token").GetString()!);
        }

        _callers = [.. Enumerable.Repeat(first, 28), .. others, "", "junk"];
    }

    private async Task PlantAsync(Area area)
    {
        foreach (var name in new[] { "default", "own" }) await area.SendAsync(HttpMethod.Put, $"/api/v1/namespaces/{name}", "{}");
        await area.SendAsync(HttpMethod.Put, "pipelines/p?deploy=true", Script("p", "true"));
        await area.SendAsync(HttpMethod.Patch, "pipelines/p", """{"state":"active"}""");
        await area.SendAsync(HttpMethod.Post, "pipelines/p/runs");
        await PlantTriggersAsync(area);
        await PlantNotificationsAsync(area);
        await PlantSharedTasksAsync(area);
        await area.SendAsync(HttpMethod.Post, "/api/v1/extensions", Extension);
        foreach (var place in new[] { "pipelines/p/secrets/k", "secrets/k", "/api/v1/secrets/k", "pipelines/p/objects/k", "pipelines/p/runs/1/objects/k", "/api/v1/roles/own", "/api/v1/tokens/" }) await PlantAgainAsync(area, place);
    }

    /// <summary>Makes what was deleted, at once: what is gone would answer 404 to whoever comes next.</summary>
    private async Task PlantAgainAsync(Area area, string path)
    {
        if (path.Contains("/triggers/", StringComparison.Ordinal)) await PlantTriggersAsync(area);
        else if (path.Contains("/notifications/", StringComparison.Ordinal)) await PlantNotificationsAsync(area);
        else if (path.Contains("/shared-tasks/", StringComparison.Ordinal)) await PlantSharedTasksAsync(area);
        else if (path.Contains("/extensions/", StringComparison.Ordinal)) await area.SendAsync(HttpMethod.Post, "/api/v1/extensions", Extension);
        else if (path.Contains("/objects/", StringComparison.Ordinal)) await area.SendAsync(HttpMethod.Put, path, "some bytes");
        else if (path.StartsWith("/api/v1/secrets/", StringComparison.Ordinal)) await area.SendAsync(HttpMethod.Put, path, """{"value":"correct horse","namespaces":["*"]}""");
        else if (path.Contains("secrets/", StringComparison.Ordinal)) await area.SendAsync(HttpMethod.Put, path, """{"value":"correct horse"}""");
        else if (path.Contains("/roles/", StringComparison.Ordinal)) await area.SendAsync(HttpMethod.Put, path, """{"permissions":[{"resources":["runs"],"actions":["read"],"namespaces":["*"]}]}""");
        else if (path.Contains("/tokens/", StringComparison.Ordinal)) _token = (await area.SendAsync(HttpMethod.Post, "/api/v1/tokens", """{"name":"t","roles":["viewer"],"namespaces":["*"]}""")).Json.TryGetProperty("id", out var token) ? token.GetString()! : _token;
        else await PlantAsync(area);
    }

    private static async Task PlantSharedTasksAsync(Area area)
    {
        foreach (var place in new[] { "shared-tasks/s", "/api/v1/shared-tasks/s" }) await area.SendAsync(HttpMethod.Put, place, Shared);
    }

    private static async Task PlantNotificationsAsync(Area area)
    {
        foreach (var owner in new[] { "", "pipelines/p/" })
        {
            await area.SendAsync(HttpMethod.Put, $"{owner}notifications/n", """{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""");
            await area.SendAsync(HttpMethod.Put, $"{owner}notifications/m", """{"id":"m","on":["succeeded"],"type":"slack","url":"http://10.0.0.1/x"}""");
        }
    }

    private async Task PlantTriggersAsync(Area area)
    {
        await area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/k", """{"id":"k","type":"interval","every":"30d","anchor":"2026-01-01T00:00:00Z"}""");
        await area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/w", """{"id":"w","type":"webhook"}""");
        // Others delete meanwhile what was made here; then what was known before will do.
        if ((await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/w/rotate")).Json.TryGetProperty("hook", out var hook)) _hook = hook.GetString()!.Split('/')[^1];
        if ((await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/k/backfills", Past)).Json.TryGetProperty("id", out var backfill)) _backfill = backfill.GetString()!;
        if ((await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/k/fire")).Json.TryGetProperty("id", out var id)) _event = id.GetString()!;
    }

    private async Task JudgeBodyAsync(HttpResponseMessage response, JsonObject documented, string answer)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type == "text/event-stream")
        {
            Assert.True(documented["content"]?[type] is not null, $"{answer} with {type}, which is not documented");
            return;
        }

        var bytes = await response.Content.ReadAsByteArrayAsync(Ct);
        if (bytes.Length == 0 && documented["content"] is null) return;
        if (response.RequestMessage!.Method == HttpMethod.Head)
        {
            Assert.True(bytes.Length == 0, $"{answer} has a body");
            return;
        }

        Assert.True(documented["content"]?[type ?? ""] is not null || bytes.Length == 0, $"{answer} with {type}, which is not documented");
        if (type is not ("application/json" or "application/problem+json")) return;
        using var body = JsonDocument.Parse(bytes);
        var schema = SchemaOf(documented["content"]![type]!["schema"]!);
        var judged = schema.Evaluate(body.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(judged.IsValid, $"{answer} {Encoding.UTF8.GetString(bytes)}: {string.Join("; ", (judged.Details ?? []).Where(d => d.Errors is not null).SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation} {e.Value}")))}");
    }

    /// <summary>A schema of the document with what it refers to.</summary>
    private JsonSchema SchemaOf(JsonNode schema) => _schemas.GetOrAdd(schema.ToJsonString(), text =>
    {
        var whole = new JsonObject { ["$defs"] = _document["components"]!["schemas"]!.DeepClone(), ["allOf"] = new JsonArray(JsonNode.Parse(text)) };
        return JsonSchema.FromText(whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    });

    private HttpRequestMessage Make(Operation operation, Picks picks, out string said)
    {
        var path = operation.Path;
        var query = new List<string>();
        var request = new HttpRequestMessage { Method = operation.Method == "GET" && picks.Next(10) == 0 ? HttpMethod.Head : new HttpMethod(operation.Method) };
        if (picks.Of(_callers) is { Length: > 0 } caller) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", caller);
        foreach (var parameter in operation.Parameters)
        {
            var name = parameter["name"]!.GetValue<string>();
            switch (parameter["in"]!.GetValue<string>())
            {
                case "path":
                    path = path.Replace($"{{{name}}}", Uri.EscapeDataString(Name(name, picks)), StringComparison.Ordinal);
                    break;
                case "query" when picks.Next(10) < 4:
                    query.Add($"{name}={Uri.EscapeDataString(Query(name, parameter["schema"]!.AsObject(), picks))}");
                    break;
                case "header" when picks.Next(10) < 3:
                    request.Headers.TryAddWithoutValidation(name, picks.Of("one", "two", "", "a b", new string('k', 300)));
                    break;
            }
        }

        if (picks.Next(10) == 0) request.Headers.TryAddWithoutValidation("If-Match", picks.Of("\"1\"", "\"9\"", "*", "junk"));
        if (picks.Next(10) == 0) request.Headers.TryAddWithoutValidation("If-None-Match", picks.Of("*", "\"1\"", "junk"));
        if (picks.Next(10) == 0) request.Headers.TryAddWithoutValidation("Range", picks.Of("bytes=0-3", "bytes=90-99", "bytes=x", "bytes=-2"));
        string? body = null;
        if (operation.Body is { } wanted)
        {
            body = picks.Next(10) == 0 ? picks.Of(s_bodies) : wanted["application/json"] is { } json ? Value(json["schema"]!.AsObject(), picks, 0)?.ToJsonString() ?? "null" : picks.Of(s_texts);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.ContentType = picks.Next(20) == 0 ? null : new MediaTypeHeaderValue(wanted["application/json"] is null ? "application/octet-stream" : "application/json");
            }
        }

        request.RequestUri = new Uri(path + (query.Count > 0 ? $"?{string.Join('&', query)}" : ""), UriKind.Relative);
        said = $"{request.Method} {request.RequestUri} {(body?.Length > 600 ? body[..600] : body)}";
        return request;
    }

    private string Name(string parameter, Picks picks) => picks.Next(30) switch
    {
        0 => picks.Of(s_names),
        1 => picks.Of("own", "q", "2", "latest"),
        _ => parameter switch
        {
            "namespace" => "default",
            "pipeline" => "p",
            "run" => picks.Of("1", "1", "latest"),
            "task" => "t",
            "version" => picks.Of("1", "1", "1.0"),
            "role" => picks.Of("viewer", "own"),
            "id" => _token,
            "trigger" => picks.Of("k", "w"),
            "notification" => picks.Of("n", "m"),
            "shared" => "s",
            "extension" => "x",
            "event" => _event,
            "backfill" => _backfill,
            "hook" => _hook,
            _ => "k",
        },
    };

    private static string Query(string name, JsonObject schema, Picks picks) => name switch
    {
        "follow" => picks.Of("false", "true", "maybe"),
        "state" => picks.Of("running", "pending", "failed", "done", "open", "delivered"),
        "created_after" or "created_before" => picks.Of("2026-01-01T00:00:00Z", "2030-01-01", "yesterday"),
        "label" => picks.Of("a:b", "a", ":"),
        "stream" => picks.Of("stdout", "stderr", "stdin"),
        "trigger" => picks.Of("k", "w", "a b"),
        "notification" => picks.Of("n", "m", "a b"),
        "decision" => picks.Of("ran", "open", "run"),
        "after" => picks.Of("2026-01-01T00:00:00Z", "yesterday"),
        "against" => picks.Of("live", "1", "9", "x"),
        _ when Types(schema).Contains("boolean") => picks.Of("true", "false", "true", "maybe"),
        _ when Types(schema).Contains("integer") || Types(schema).Contains("array") => picks.Of("1", "50", "500", "501", "0", "-1", "abc", "99999999999"),
        _ => picks.Of(s_texts),
    };

    /// <summary>A value that the schema accepts, mostly.</summary>
    private JsonNode? Value(JsonObject schema, Picks picks, int depth)
    {
        if (schema["$ref"] is { } reference)
        {
            var name = reference.GetValue<string>().Split('/')[^1];
            // What a schema says of these is the least of what makes a good one.
            if (name == "PipelineDocument" && picks.Next(3) == 0) return JsonNode.Parse(Script("p", picks.Of("true", "false")));
            if (name == "NewTokenBody" && picks.Next(3) == 0) return JsonNode.Parse("""{"name":"t","roles":["viewer"],"namespaces":["own"]}""");
            if (name == "NotificationBody" && picks.Next(3) > 0)
            {
                return JsonNode.Parse(picks.Of("""{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""", """{"id":"m","on":["succeeded"],"type":"slack","url":"http://10.0.0.1/x"}"""));
            }

            if (name == "SharedTaskBody" && picks.Next(3) > 0)
            {
                return JsonNode.Parse(picks.Of(
                    Shared, """{"version":"1.0","container":{"image":"other"}}""", """{"version":"1.1","inputs":[{"name":"x"}],"call":{"endpoint":"http://10.0.0.1:7000","task":"t"}}"""));
            }

            if (name == "ExtensionBody" && picks.Next(3) > 0) return JsonNode.Parse(picks.Of(Extension, Extension.Replace("\"x\"", "\"y\"", StringComparison.Ordinal)));
            if (name == "ExtensionChangeBody" && picks.Next(3) > 0) return JsonNode.Parse("""{"endpoint":"http://127.0.0.1:10"}""");
            if (name == "BackfillBody" && picks.Next(3) > 0) return JsonNode.Parse(Past);
            if (name == "TriggerBody" && picks.Next(3) > 0)
            {
                return JsonNode.Parse(picks.Of("""{"id":"k","type":"interval","every":"30d"}""", """{"id":"w","type":"webhook"}""", """{"id":"x","type":"cron","expression":"@yearly"}"""));
            }

            return Value(_document["components"]!["schemas"]![name]!.AsObject(), picks, depth);
        }

        if ((schema["oneOf"] ?? schema["anyOf"]) is JsonArray any) return Value(any[picks.Next(any.Count)]!.AsObject(), picks, depth);
        if (picks.Next(12) == 0 || depth > 6) return picks.Next(4) switch { 0 => null, 1 => JsonValue.Create(picks.Of(-1, 0, 7, int.MaxValue)), 2 => JsonValue.Create(picks.Of(s_texts)), _ => new JsonArray() };
        if (schema["enum"] is JsonArray words) return words[picks.Next(words.Count)]?.DeepClone();
        switch (Types(schema).Where(t => t != "null").DefaultIfEmpty("object").First())
        {
            case "string":
                return JsonValue.Create(picks.Of(s_texts));
            case "integer" or "number":
                return JsonValue.Create(picks.Of(0, 1, 2, 3, 50, 100));
            case "boolean":
                return JsonValue.Create(picks.Next(2) == 0);
            case "array":
                return new JsonArray([.. Enumerable.Range(0, picks.Next(3)).Select(_ => schema["items"] is JsonObject items ? Value(items, picks, depth + 1) : null)]);
            default:
                var made = new JsonObject();
                foreach (var (name, member) in schema["properties"]?.AsObject() ?? [])
                {
                    var isNeeded = schema["required"] is JsonArray required && required.Any(r => r!.GetValue<string>() == name);
                    if (isNeeded ? picks.Next(20) > 0 : picks.Next(4) == 0) made[name] = Value(member!.AsObject(), picks, depth + 1);
                }

                if (schema["additionalProperties"] is JsonObject others && picks.Next(2) == 0) made[picks.Of("A", "b", "x", "GOFER_Z")] = Value(others, picks, depth + 1);
                if (picks.Next(20) == 0) made["nobody_knows_this"] = 1;
                return made;
        }
    }

    private static IReadOnlyList<string> Types(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => [.. several.Select(t => t!.GetValue<string>())],
        { } one => [one.GetValue<string>()],
        null => [],
    };

    private List<Operation> Operations() =>
    [
        .. _document["paths"]!.AsObject().Where(p => p.Key.StartsWith("/api/", StringComparison.Ordinal)).SelectMany(p => p.Value!.AsObject(), (path, operation) => new Operation(
            path.Key, operation.Key.ToUpperInvariant(), [.. (operation.Value!["parameters"]?.AsArray() ?? []).Select(q => q!.AsObject())],
            operation.Value["requestBody"]?["content"]?.AsObject(), operation.Value["responses"]!.AsObject())),
    ];

    private sealed record Operation(string Path, string Method, IReadOnlyList<JsonObject> Parameters, JsonObject? Body, JsonObject Responses);

    /// <summary>Numbers that decide, one after the other and then from the start.</summary>
    private sealed class Picks(int[] numbers)
    {
        private int _at;

        public int Next(int below) => (int)((uint)(numbers[_at % numbers.Length] + (_at++ / numbers.Length * 7919)) % below);

        public T Of<T>(params T[] among) => among[Next(among.Length)];
    }
}
