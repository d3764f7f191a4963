using System.Net;
using System.Text.RegularExpressions;
using Gofer.Api.Access;
using Gofer.Domain.Access;
using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>
/// Every route and verb, from the server's own list of endpoints, for every kind of caller: a route that is added fails here until somebody says
/// what it answers to one who may.
/// </summary>
public sealed class RouteMatrixTests(SecuredServer secured, ITestOutputHelper output)
{
    /// <summary>Stands in names, values and bytes of the namespace that nobody but its own may see.</summary>
    private const string Hidden = "hidden";

    private const string Own = "own-team";
    private const string Foreign = "hidden-team";

    /// <summary>What is asked, and what one gets who may: something that changes nothing, so that the order does not matter.</summary>
    private static readonly Dictionary<string, Asked> s_asked = new()
    {
        ["ListNamespaces"] = new(200),
        ["CreateNamespace"] = new(422, "{}"),
        ["GetNamespace"] = new(200),
        ["PutNamespace"] = new(422, """{"weight":0}"""),
        ["UpdateNamespace"] = new(422, """{"weight":0}"""),
        ["DeleteNamespace"] = new(409),
        ["ListPipelines"] = new(200),
        ["RegisterPipeline"] = new(422, "{}"),
        ["GetPipeline"] = new(200),
        ["UpdatePipeline"] = new(200, """{"state":"active"}"""),
        ["DeletePipeline"] = new(404) { Pipeline = "none" },
        ["ListVersions"] = new(200),
        ["GetVersion"] = new(200),
        ["DiffVersion"] = new(200),
        ["DeployVersion"] = new(404) { Version = "9" },
        ["ListRuns"] = new(200),
        ["CreateRun"] = new(422, """{"version":0}"""),
        ["CreateRuns"] = new(422, """{"runs":[]}"""),
        ["GetRun"] = new(200),
        ["CancelRun"] = new(200),
        ["RerunRun"] = new(200, "{}") { Query = "?dry_run=true" },
        ["ExplainRun"] = new(200),
        ["ListRunEvents"] = new(200),
        ["GetRunGraph"] = new(200),
        ["ListNamespaceRuns"] = new(200),
        ["ListTasks"] = new(200),
        ["GetTask"] = new(200),
        ["CancelTask"] = new(200),
        ["GetTaskLogs"] = new(200),
        ["GetRunLogs"] = new(200),
        ["ListPipelineSecrets"] = new(200),
        ["GetPipelineSecret"] = new(200),
        ["PutPipelineSecret"] = new(422, "{}"),
        ["DeletePipelineSecret"] = new(404) { Key = "none" },
        ["ListNamespaceSecrets"] = new(200),
        ["GetNamespaceSecret"] = new(200),
        ["PutNamespaceSecret"] = new(422, "{}"),
        ["DeleteNamespaceSecret"] = new(404) { Key = "none" },
        ["ListGlobalSecrets"] = new(200),
        ["GetGlobalSecret"] = new(200),
        ["PutGlobalSecret"] = new(422, "{}"),
        ["DeleteGlobalSecret"] = new(404) { Key = "none" },
        ["ListPipelineObjects"] = new(200),
        ["GetPipelineObject"] = new(200),
        ["PutPipelineObject"] = new(422, "bytes") { Key = "a b" },
        ["DeletePipelineObject"] = new(404) { Key = "none" },
        ["ListRunObjects"] = new(200),
        ["GetRunObject"] = new(200),
        ["PutRunObject"] = new(422, "bytes") { Key = "a b" },
        ["DeleteRunObject"] = new(404) { Key = "none" },
        ["GetSystem"] = new(200),
        ["UpdateSystem"] = new(200, "{}"),
        ["ListTokens"] = new(200),
        ["CreateToken"] = new(422, "{}"),
        ["BootstrapToken"] = new(409),
        ["WhoAmI"] = new(200),
        ["GetToken"] = new(404),
        ["UpdateToken"] = new(404, "{}"),
        ["DeleteToken"] = new(404),
        ["ListRoles"] = new(200),
        ["GetRole"] = new(200),
        ["PutRole"] = new(409, """{"permissions":[]}"""),
        ["DeleteRole"] = new(409),
        ["ListAudit"] = new(200),
        ["ListTriggers"] = new(200),
        ["CreateTrigger"] = new(422, "{}"),
        ["GetTrigger"] = new(200),
        ["PutTrigger"] = new(422, "{}"),
        ["UpdateTrigger"] = new(200, "{}"),
        ["DeleteTrigger"] = new(404) { Trigger = "none" },
        ["FireTrigger"] = new(404, "{}") { Trigger = "none" },
        ["PreviewTrigger"] = new(200),
        ["RotateTrigger"] = new(409),
        ["ListTriggerEvents"] = new(200),
        ["GetTriggerEvent"] = new(404),
        ["ReplayTriggerEvent"] = new(404, "{}"),
        ["CreateBackfill"] = new(200, """{"from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00Z"}""") { Query = "?dry_run=true", Trigger = "past" },
        ["ListBackfills"] = new(200),
        ["GetBackfill"] = new(404),
        ["UpdateBackfill"] = new(404, "{}"),
        ["CancelBackfill"] = new(404),
        ["ReceiveHook"] = new(404, "{}"),
        ["ListNotifications"] = new(200),
        ["GetNotification"] = new(200),
        ["PutNotification"] = new(422, "{}"),
        ["DeleteNotification"] = new(404) { Notification = "none" },
        ["ListNotificationDeliveries"] = new(200),
        ["ListNamespaceNotifications"] = new(200),
        ["GetNamespaceNotification"] = new(200),
        ["PutNamespaceNotification"] = new(422, "{}"),
        ["DeleteNamespaceNotification"] = new(404) { Notification = "none" },
        ["ListNamespaceNotificationDeliveries"] = new(200),
        ["ListNamespaceSharedTasks"] = new(200),
        ["GetNamespaceSharedTask"] = new(200),
        ["PutNamespaceSharedTask"] = new(422, "{}"),
        ["DeleteNamespaceSharedTask"] = new(404) { Shared = "none" },
        ["ListNamespaceSharedTaskVersions"] = new(200),
        ["GetNamespaceSharedTaskVersion"] = new(200) { Version = "1.0" },
        ["ListExtensions"] = new(200),
        ["InstallExtension"] = new(422, "{}"),
        ["GetExtension"] = new(200),
        ["UpdateExtension"] = new(200, "{}"),
        ["UninstallExtension"] = new(404) { Extension = "none" },
        ["EnableExtension"] = new(404) { Extension = "none" },
        ["DisableExtension"] = new(200),
        ["GetExtensionLogs"] = new(200),
        ["ListSharedTasks"] = new(200),
        ["GetSharedTask"] = new(200),
        ["PutSharedTask"] = new(422, "{}"),
        ["DeleteSharedTask"] = new(404) { Shared = "none" },
        ["ListSharedTaskVersions"] = new(200),
        ["GetSharedTaskVersion"] = new(200) { Version = "1.0" },
    };

    /// <summary>What a task's own token is for, of its own run.</summary>
    private static readonly HashSet<string> s_ofTasks =
    [
        "GetRun", "ExplainRun", "ListRunEvents", "GetRunGraph", "ListTasks", "GetTask", "GetTaskLogs", "GetRunLogs", "ListRunObjects", "GetRunObject", "PutRunObject", "DeleteRunObject",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_answers_every_caller_as_its_token_says()
    {
        await PlantAsync(Own, "own");
        await PlantAsync(Foreign, Hidden);
        var routes = Routes();
        Assert.Empty(s_asked.Keys.Except(routes.Select(r => r.Name)));
        var bad = await BadTokensAsync();
        var roles = new List<(Role Role, string Token)>();
        foreach (var role in BuiltInRoles.All.Values) roles.Add((role, (await secured.TokenAsync(role.Name, "1h", Own)).Token));
        var everywhere = new List<(Role Role, string Token)>();
        foreach (var role in BuiltInRoles.All.Values) everywhere.Add((role, (await secured.TokenAsync(role.Name, "1h", "*")).Token));

        await using var live = await LiveRun.StartAsync(secured, Own);
        var (asked, foreign, wrong) = (0, 0, new List<string>());
        foreach (var route in routes)
        {
            Assert.True(s_asked.TryGetValue(route.Name, out var ask), $"{route.Method} {route.Pattern} is new: say what {route.Name} answers to one who may.");
            foreach (var (kind, token) in bad) await ExpectAsync(kind, token, route, ask, Own, route.Demand is Demand.Nothing ? ask.Status : 401);
            foreach (var (role, token) in roles)
            {
                await ExpectAsync($"{role.Name} of {Own}", token, route, ask, Own, Expected(route, ask, Grants.Of([role], [Own]), Own));
                if (route.IsOfNamespace) await ExpectAsync($"{role.Name} of {Own} in another's", token, route, ask, Foreign, 404);
            }

            await ExpectAsync("a task in its own run", live.Token, route, ask with { Pipeline = LiveRun.Pipeline }, Own, OfTask(route, ask, own: true));
            await ExpectAsync("a task in another run", live.Token, route, ask, Own, OfTask(route, ask, own: false));
            if (route.IsOfNamespace) await ExpectAsync("a task in another's", live.Token, route, ask, Foreign, 404);

            foreach (var (role, token) in everywhere) await ExpectAsync($"{role.Name} of all", token, route, ask, Own, Expected(route, ask, Grants.Of([role], ["*"]), Own));
        }

        output.WriteLine($"{routes.Count} routes × {bad.Count + roles.Count + everywhere.Count + 2} callers and {foreign} requests into another's namespace: {asked} requests in all");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        async Task ExpectAsync(string who, string? token, Route route, Asked ask, string @namespace, int status)
        {
            asked++;
            if (@namespace == Foreign) foreign++;
            var answer = await secured.SendAsync(token, new HttpMethod(route.Method), ask.PathOf(route.Pattern, @namespace), ask.Body, ask.Body is "bytes" ? "application/octet-stream" : "application/json");
            if ((int)answer.Status != status) wrong.Add($"{who}: {route.Method} {route.Pattern} ({@namespace}) must answer {status}, not {answer}");
            // Whoever sees only its own gets to read nothing of another's, not even in a suggestion; of its own question it is told.
            var isTheirs = who.EndsWith("of all", StringComparison.Ordinal);
            if (!isTheirs && answer.Body.Replace($"'{Foreign}'", "", StringComparison.Ordinal).Contains(Hidden, StringComparison.Ordinal)) wrong.Add($"{who}: {route.Method} {route.Pattern} shows {answer}");
        }
    }

    /// <summary>The namespace that counts is that of the path: another one in the query, the body or an item of a batch is refused or means nothing.</summary>
    [Fact]
    public async Task Another_namespace_in_query_body_batch_or_cursor_leads_nowhere()
    {
        await PlantAsync(Own, "own");
        await PlantAsync(Foreign, Hidden);
        var (_, token) = await secured.TokenAsync("developer", "1h", Own);
        var home = $"/api/v1/namespaces/{Own}";
        var theirs = await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/namespaces/{Foreign}/runs?limit=1");
        var run = theirs.Json.GetProperty("items")[0].GetProperty("id").GetString()!;
        var cursor = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(run)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        (HttpMethod Method, string Path, string? Body, int Status)[] requests =
        [
            (HttpMethod.Get, $"{home}/pipelines?namespace={Foreign}", null, 200),
            (HttpMethod.Get, $"{home}/runs?namespace={Foreign}&pipeline=p", null, 200),
            (HttpMethod.Get, $"{home}/runs?cursor={cursor}", null, 200),
            (HttpMethod.Get, $"{home}/secrets?cursor={cursor}", null, 200),
            (HttpMethod.Post, $"{home}/pipelines/p/runs", $$"""{"namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Post, $"{home}/pipelines/p/runs/batch", $$"""{"runs":[{},{"namespace":"{{Foreign}}"}]}""", 422),
            (HttpMethod.Post, $"{home}/pipelines/p/runs/batch", $$"""{"namespace":"{{Foreign}}","runs":[{}]}""", 422),
            (HttpMethod.Put, $"{home}/pipelines/q", $$"""{"id":"q","namespace":"{{Foreign}}","tasks":[]}""", 422),
            (HttpMethod.Put, $"{home}/secrets/k", $$"""{"value":"a value of ours","namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Put, $"{home}/pipelines/p/objects/n?namespace={Foreign}", "bytes of our own", 201),
            (HttpMethod.Get, $"{home}/pipelines/p/objects/{Hidden}-key", null, 404),
            (HttpMethod.Get, $"{home}/pipelines/{Hidden}-pipe", null, 404),
            (HttpMethod.Get, $"{home}/pipelines/{Hidden}-pipe/runs", null, 404),
            (HttpMethod.Get, $"{home}/secrets/{Hidden}-key", null, 404),
            (HttpMethod.Get, $"{home}/pipelines/p/triggers/{Hidden}-trigger", null, 404),
            (HttpMethod.Get, $"{home}/pipelines/p/triggers?cursor={cursor}", null, 200),
            (HttpMethod.Get, $"{home}/pipelines/p/notifications/{Hidden}-told", null, 404),
            (HttpMethod.Get, $"{home}/notifications/{Hidden}-told", null, 404),
            (HttpMethod.Get, $"{home}/notification-deliveries?notification={Hidden}-told", null, 200),
            (HttpMethod.Post, $"{home}/pipelines/p/triggers", $$"""{"id":"f","type":"pipeline","namespace":"{{Foreign}}","pipeline":"p"}""", 422),
            (HttpMethod.Post, $"{home}/pipelines/p/triggers", $$"""{"id":"f","type":"webhook","namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Post, $"{home}/pipelines/p/runs/1/rerun", $$"""{"namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Post, $"{home}/pipelines/p/runs/1/cancel", $$"""{"namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Patch, $"{home}/pipelines/p", $$"""{"namespace":"{{Foreign}}"}""", 422),
            (HttpMethod.Get, $"/api/v1/namespaces/{Own}%2F..%2F{Foreign}/pipelines", null, 404),
            (HttpMethod.Get, $"/api/v1/namespaces/{Own}/../{Foreign}/pipelines", null, 404),
            (HttpMethod.Get, $"/api/v1/namespaces/{Foreign.ToUpperInvariant()}/pipelines", null, 404),
            (HttpMethod.Get, "/api/v1/namespaces?limit=500", null, 200),
            (HttpMethod.Get, "/api/v1/namespaces/hidden-tea", null, 404),
        ];
        foreach (var (method, path, body, status) in requests)
        {
            var answer = await secured.SendAsync(token, method, path, body);
            Assert.True((int)answer.Status == status, $"{method} {path} {body}: {answer}");
            // What a caller asked for it may be told again, and nothing of what is there.
            var said = Regex.Replace(answer.Body, $"'[^']*{Foreign[..^1]}[^']*'", "", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking);
            said = Regex.Replace(said, "'([^']+)'", quoted => path.Contains(quoted.Groups[1].Value, StringComparison.Ordinal) ? "" : quoted.Value, RegexOptions.NonBacktracking);
            Assert.DoesNotContain(Hidden, said, StringComparison.OrdinalIgnoreCase);
        }

        output.WriteLine($"{requests.Length} requests that name another's namespace or what is in it");
    }

    private static int Expected(Route route, Asked ask, Grants grants, string @namespace) => route.Demand switch
    {
        Demand.Permission wanted when route.IsOfNamespace => grants.Allow(wanted.Resource, wanted.Verb, @namespace) ? ask.Status : 403,
        Demand.Permission wanted => grants.AllowEverywhere(wanted.Resource, wanted.Verb) ? ask.Status : 403,
        _ => ask.Status,
    };

    private static int OfTask(Route route, Asked ask, bool own) => route.Demand switch
    {
        Demand.Permission => s_ofTasks.Contains(route.Name) ? own ? ask.Status : 404 : 403,
        _ => ask.Status,
    };

    private async Task<List<(string Kind, string? Token)>> BadTokensAsync()
    {
        var (revoked, expired, disabled) = (await secured.TokenAsync("admin", "1h", "*"), await secured.TokenAsync("admin", "1s", "*"), await secured.TokenAsync("admin", "1h", "*"));
        Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/tokens/{revoked.Id}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Patch, $"/api/v1/tokens/{disabled.Id}", """{"disabled":true}""")).Status);
        foreach (var token in new[] { revoked, expired, disabled }) await secured.UntilAsync(HttpStatusCode.Unauthorized, token.Token, "/api/v1/tokens/whoami");
        var good = secured.Admin;
        return
        [
            ("nobody", null), ("junk", "junk"), ("one made up", TokenText.New().Reveal()), ("another's secret", good[..21] + revoked.Token[21..]),
            ("revoked", revoked.Token), ("expired", expired.Token), ("disabled", disabled.Token),
        ];
    }

    /// <summary>A namespace with one of everything, made once.</summary>
    private async Task PlantAsync(string name, string word)
    {
        var home = $"/api/v1/namespaces/{name}";
        if ((await secured.SendAsync(secured.Admin, HttpMethod.Put, home, $$"""{"description":"of {{word}}"}""")).Status == HttpStatusCode.OK) return;
        await DoneAsync(HttpMethod.Put, $"{home}/pipelines/p", With($$""" "description":"of {{word}}" """, Script("p", $"echo {word}")));
        await DoneAsync(HttpMethod.Put, $"{home}/pipelines/{word}-pipe", Script($"{word}-pipe", "true"));
        foreach (var trigger in new[] { "t", $"{word}-trigger" }) await DoneAsync(HttpMethod.Put, $"{home}/pipelines/p/triggers/{trigger}", $$"""{"id":"{{trigger}}","type":"interval","every":"30d"}""");
        await DoneAsync(HttpMethod.Put, $"{home}/pipelines/p/triggers/past", """{"id":"past","type":"interval","every":"30d","anchor":"2026-01-01T00:00:00Z"}""");
        foreach (var owner in new[] { "notifications", "pipelines/p/notifications" })
        {
            foreach (var told in new[] { "n", $"{word}-told" }) await DoneAsync(HttpMethod.Put, $"{home}/{owner}/{told}", $$"""{"id":"{{told}}","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""");
        }

        foreach (var secret in new[] { "secrets", "pipelines/p/secrets" })
        {
            await DoneAsync(HttpMethod.Put, $"{home}/{secret}/k", """{"value":"correct horse"}""");
            await DoneAsync(HttpMethod.Put, $"{home}/{secret}/{word}-key", """{"value":"correct horse"}""");
        }

        foreach (var shared in new[] { $"{home}/shared-tasks/s", $"{home}/shared-tasks/{word}-task", "/api/v1/shared-tasks/s" })
        {
            await DoneAsync(HttpMethod.Put, shared, """{"version":"1.0","container":{"image":"busybox"}}""");
        }

        // Of the install: whoever comes second finds it.
        var extension = await secured.SendAsync(secured.Admin, HttpMethod.Post, "/api/v1/extensions", """{"id":"x","endpoint":"http://127.0.0.1:9","enabled":false}""");
        Assert.True((int)extension.Status is 201 or 409, extension.ToString());
        await DoneAsync(HttpMethod.Put, "/api/v1/secrets/k", """{"value":"correct horse","namespaces":["*"]}""");
        await DoneAsync(HttpMethod.Post, $"{home}/pipelines/p/runs", $$$"""{"labels":{"of":"{{{word}}}"}}""");
        using var http = secured.Http(secured.Admin);
        await http.GetStringAsync(new Uri($"{home}/pipelines/p/runs/1?follow=true", UriKind.Relative), Ct); // until it has ended
        foreach (var place in new[] { "pipelines/p", "pipelines/p/runs/1" }) await DoneAsync(HttpMethod.Put, $"{home}/{place}/objects/k", $"bytes of {word}", "application/octet-stream");

        async Task DoneAsync(HttpMethod method, string path, string body, string type = "application/json")
        {
            var done = await secured.SendAsync(secured.Admin, method, path, body, type);
            Assert.True((int)done.Status is 200 or 201, $"{method} {path}: {done}");
        }
    }

    private List<Route> Routes() =>
    [
        .. secured.Server.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods, (e, method) => new Route(
                e.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName, method, e.RoutePattern.RawText!.TrimEnd('/'), e.Metadata.GetMetadata<Demand>())),
    ];

    private sealed record Route(string Name, string Method, string Pattern, Demand? Demand)
    {
        public bool IsOfNamespace => Pattern.Contains("{namespace}", StringComparison.Ordinal);
    }

    /// <summary>A request that changes nothing, and the status that one gets who may send it.</summary>
    private sealed record Asked(int Status, string? Body = null)
    {
        public string Pipeline { get; init; } = "p";

        public string Version { get; init; } = "1";

        public string Key { get; init; } = "k";

        public string Trigger { get; init; } = "t";

        public string Notification { get; init; } = "n";

        public string Shared { get; init; } = "s";

        public string Extension { get; init; } = "x";

        public string Query { get; init; } = "";

        public string PathOf(string pattern, string @namespace) => pattern
            .Replace("{namespace}", @namespace, StringComparison.Ordinal).Replace("{pipeline}", Pipeline, StringComparison.Ordinal)
            .Replace("{version}", Version, StringComparison.Ordinal).Replace("{run}", "1", StringComparison.Ordinal).Replace("{task}", "t", StringComparison.Ordinal)
            .Replace("{key}", Uri.EscapeDataString(Key), StringComparison.Ordinal).Replace("{id}", "0123456789abcdef", StringComparison.Ordinal)
            .Replace("{trigger}", Trigger, StringComparison.Ordinal).Replace("{notification}", Notification, StringComparison.Ordinal).Replace("{event}", Guid.Empty.ToString(), StringComparison.Ordinal).Replace("{backfill}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{shared}", Shared, StringComparison.Ordinal).Replace("{extension}", Extension, StringComparison.Ordinal).Replace("{hook}", new string('0', 64), StringComparison.Ordinal).Replace("{role}", "viewer", StringComparison.Ordinal) + Query;
    }
}
