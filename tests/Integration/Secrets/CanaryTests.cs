using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Application.Schedulers;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>
/// Values that nobody may see are planted wherever one comes in, everything that the product does is done, and then whatever came out of it is searched for
/// them, in every form that <see cref="CanarySearchTests"/> shows to be found.
/// </summary>
public sealed partial class CanaryTests(ITestOutputHelper output)
{
    /// <summary>How tasks write a secret that they have as S, by the means of the smallest shell: each line is a form that libraries give it.</summary>
    private static readonly (string Task, string Script)[] s_writers =
    [
        ("raw", "printf '%s\\n' \"$S\"; printf 'before%safter' \"$S\""),
        ("stderr", "printf '%s\\n' \"$S\" >&2"),
        ("base64", "for x in '' x xy; do printf '%s%s more' \"$x\" \"$S\" | base64; printf '%s%s' \"$x\" \"$S\" | base64 | tr '+/' '-_'; done"),
        ("url", "e() { printf %s \"$S\" | sed -e 's/%/%25/g' -e 's/\"/%22/g' -e 's/\\\\/%5C/g' -e 's|/|%2F|g' -e 's/+/%2B/g' -e 's/ü/%C3%BC/g' -e 's/</%3C/g' -e 's/&/%26/g' -e \"s/ /$1/g\"; }; e %20; echo; e +; echo; e %20 | sed -e 's/%2F/%2f/g' -e 's/%5C/%5c/g' -e 's/%2B/%2b/g' -e 's/%C3%BC/%c3%bc/g' -e 's/%3C/%3c/g'"),
        ("json", "e() { printf %s \"$S\" | sed -e 's/\\\\/\\\\\\\\/g' -e 's/\"/\\\\\"/g'; }; e; echo; e | sed -e 's/ü/\\\\u00fc/g'; echo; e | sed -e 's/</\\\\u003c/g' -e 's/&/\\\\u0026/g'"),
        ("split", "printf %s \"${S%%/*}\"; sleep 0.3; printf '/%s\\n' \"${S#*/}\""),
        ("failing", "echo \"cannot log in with $S\" >&2; exit 3"),
        ("lines", "printf '%s\\n' \"$S\"; printf %s \"$S\" | base64"),
    ];

    private static readonly string[] s_tables = ["runs", "task_executions", "event_packs", "log_chunks", "secrets", "attempt_secrets", "tokens", "run_tokens", "triggers", "trigger_events", "notifications", "backfills", "shared_task_versions"];

    private static readonly string[] s_commands = ["doctor", "migrate", "config"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task What_was_planted_in_an_install_is_found_nowhere_that_it_was_not_planted(string scheduler)
    {
        await using var install = await CanaryInstall.StartAsync(scheduler);
        try
        {
            await RunEverythingAsync(install, scheduler);
            await RefuseAsync(install);
            // What is said of settings has nothing to do with where tasks run.
            if (scheduler == "process") await SayWhatIsWrongAsync(install);
            await AskForEverythingAsync(install);
            if (scheduler == "docker") await InspectAsync(install);
            await install.LookAtTablesAsync();
            await install.StopAsync();
            await install.Evidence.AddFilesAsync(install.Data, Ct);
        }
        finally
        {
            if (scheduler == "docker") await RemoveAsync(install);
        }

        var leaks = install.Evidence.Search(new CanarySearch(install.Canaries));
        output.WriteLine($"{install.Canaries.Count} canaries: {string.Join("; ", install.Canaries.Select(c => c.Place))}");
        output.WriteLine($"searched {install.Evidence.Counts}");
        Assert.True(leaks.Count == 0, string.Join('\n', leaks));
        // What was not collected was not searched.
        string[] everywhere = ["response GET", "process api stderr", "process worker stderr", "process arguments", "process environment", "database pg_stat_activity", .. s_tables.Select(t => $"database gofer.{t}")];
        foreach (var where in everywhere.Append(scheduler == "docker" ? "container inspected" : "command config"))
        {
            Assert.True(install.Evidence.CountOf(where) > 0, $"Nothing of {where} was searched.");
        }
    }

    /// <summary>Secrets of each scope, one that was replaced and one that was deleted, in tasks that succeed, fail, are retried, cancelled and run again.</summary>
    private static async Task RunEverythingAsync(CanaryInstall install, string scheduler)
    {
        var area = install.Area;
        var scopes = new[] { "pipeline_secret", "namespace_secret", "global_secret" };
        var written = s_writers.Select((w, i) => (w.Task, w.Script, Scope: scopes[i % 3])).ToList();
        await area.RegisterAsync(Of("p",
        [
            .. written.Select(w => Step(w.Task, w.Script).And($$$""" "variables":{"S":" {{{w.Scope.ToUpperInvariant()}}}{{ {{{w.Task}}} }} "},"retry":{"max_attempts":2,"initial_delay":"0s"} """)),
            Step("token", $"printf '%s\\n' \"$GOFER_API_TOKEN\"; {(scheduler == "process" ? $"printf %s \"$GOFER_API_TOKEN\" >{install.Aside}/run-token" : "true")}").And(""" "inject_api_token":true """),
        ]));
        foreach (var (task, _, scope) in written)
        {
            var canary = task == "lines" ? install.Add(Canary.PlantLines("a secret of two lines")) : install.Plant($"a {scope} that a task writes ({task})");
            await SetAsync(install, scope, "p", task, canary.Value);
        }

        var run = await area.EndAsync(await area.RunAsync("p"));
        foreach (var (task, _) in s_writers) Assert.Contains("***", Encoding.UTF8.GetString(await area.LogAsync(run, task)), StringComparison.Ordinal);
        if (scheduler == "process") install.PlantToken("the token of a run", await File.ReadAllTextAsync($"{install.Aside}/run-token", Ct));

        // The value that was there before, the one after it, and none.
        var (old, now) = (install.Plant("a secret before it was replaced"), install.Plant("a secret that was deleted"));
        await area.RegisterAsync(Of("q", Step("t", "echo \"$S\"").And(""" "variables":{"S":"pipeline_secret{{token}}"} """)));
        foreach (var value in new[] { old.Value, now.Value, null })
        {
            if (value is not null) await SetAsync(install, "pipeline_secret", "q", "token", value);
            else Assert.Equal(HttpStatusCode.NoContent, (await area.SendAsync(HttpMethod.Delete, "pipelines/q/secrets/token")).Status);
            Assert.Equal(value is null ? RunState.Failed : RunState.Succeeded, (await area.EndAsync(await area.RunAsync("q"))).State);
        }

        // The key of a webhook, which requests are signed with, well and badly; and a trigger with a schedule.
        var key = install.Plant("the key of a webhook").Value;
        await SetAsync(install, "pipeline_secret", "p", "hook", key);
        await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"often","type":"interval","every":"30d","anchor":"2026-01-01T00:00:00Z"}""");
        await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/often/backfills", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}""");
        await area.SendAsync(HttpMethod.Put, "pipelines/p/notifications/told", """{"id":"told","on":["failed","succeeded"],"type":"webhook","url":"http://127.0.0.1:9/","secret":"pipeline_secret{{hook}}"}""");
        await area.SendAsync(HttpMethod.Put, "notifications/told", """{"id":"told","on":["failed","succeeded"],"type":"webhook","url":"http://127.0.0.1:9/"}""");
        foreach (var shared in new[] { "shared-tasks/used", "/api/v1/shared-tasks/used" }) await area.SendAsync(HttpMethod.Put, shared, """{"version":"1.0","container":{"image":"busybox:latest","variables":{"S":"global_secret{{token}}"}}}""");
        await area.SendAsync(HttpMethod.Post, "/api/v1/extensions", """{"id":"away","endpoint":"http://127.0.0.1:9"}""");
        await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"subscribed","type":"extension","extension":"away","with":{"key":"pipeline_secret{{hook}}"}}""");
        var hook = (await area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"hook","type":"webhook","signature":{"secret":"pipeline_secret{{hook}}"},"filter":[{"pointer":"/a","exists":true}]}""")).Json.GetProperty("hook").GetString()!;
        foreach (var (signature, status) in new[] { (GoferSignature.Of(Encoding.UTF8.GetBytes(key), TimeProvider.System.GetUtcNow(), "{}"u8), HttpStatusCode.Accepted), (GoferSignature.Of("x"u8, TimeProvider.System.GetUtcNow(), "{}"u8), HttpStatusCode.Unauthorized) })
        {
            Assert.Equal(status, (await area.SendAsync(HttpMethod.Post, hook, "{}", ("Gofer-Signature", signature))).Status);
        }

        // A registry that refuses, where images are pulled; and a pull whose login is in nothing that is told of it.
        await area.RegisterAsync(Of("pulled", Step("t", "true").And(""" "image":"127.0.0.1:9/none:1","registry_auth":{"user":"somebody","pass":"pipeline_secret{{registry}}"} """)));
        await SetAsync(install, "pipeline_secret", "pulled", "registry", install.Plant("the password of a registry").Value);
        Assert.Equal(scheduler == "docker" ? RunState.Failed : RunState.Succeeded, (await area.EndAsync(await area.RunAsync("pulled"))).State);

        // Looked at while it runs and has its secrets beside it, then cancelled.
        await area.RegisterAsync(Of("held", Step("t", "printf '%s\\n' \"$S\"; trap 'exit 1' TERM; while :; do sleep 0.1; done").And(""" "inject_api_token":true,"variables":{"S":"namespace_secret{{held}}"} """)));
        await SetAsync(install, "namespace_secret", "held", "held", install.Plant("the secret of a task that is cancelled").Value);
        var held = await area.RunAsync("held");
        for (var clock = Stopwatch.StartNew(); !Encoding.UTF8.GetString(await area.LogAsync(held)).Contains("***", StringComparison.Ordinal); await Task.Delay(50, Ct)) Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1));
        await install.LookAtTablesAsync();
        await area.SendAsync(HttpMethod.Post, "pipelines/held/runs/1/cancel", """{"reason":"enough"}""");
        Assert.Equal(RunState.Cancelled, (await area.EndAsync(held)).State);
        await area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/rerun", "{}");
        await area.EndAsync(run with { Number = 2 });
    }

    /// <summary>Values that come in where they are refused, or where none belongs.</summary>
    private static async Task RefuseAsync(CanaryInstall install)
    {
        var area = install.Area;
        async Task AskAsync(string place, HttpStatusCode status, HttpMethod method, string path, Func<string, string>? write = null, string type = "application/json", Func<string, string>? header = null)
        {
            var canary = install.Plant($"{place}");
            using var request = new HttpRequestMessage(method, path.Replace("CANARY", Uri.EscapeDataString(canary.Value), StringComparison.Ordinal));
            if (write is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(write(Quoted(canary.Value)))) { Headers = { ContentType = new(type) } };
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header(canary.Value));
            using var answer = await area.Http.SendAsync(request, Ct);
            Assert.True(answer.StatusCode == status, $"{place}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Ct)}");
        }

        var secret = $"{area.Path}/secrets/refused";
        await AskAsync("a value in a body that is no JSON", HttpStatusCode.BadRequest, HttpMethod.Put, secret, value => $"{{\"value\":{value}");
        await AskAsync("a value that is a body by itself", HttpStatusCode.BadRequest, HttpMethod.Put, secret, value => value[1..^1]);
        // What begins as a literal of JSON does, the parser quotes whole.
        foreach (var first in new[] { "t", "f", "n" }) await AskAsync($"a value that begins with {first} and is a body by itself", HttpStatusCode.BadRequest, HttpMethod.Put, secret, value => first + value[1..^1]);
        await AskAsync("a value in a body of the wrong type", HttpStatusCode.UnsupportedMediaType, HttpMethod.Put, secret, value => $"{{\"value\":{value}}}", "text/plain");
        await AskAsync("a value that is too long", HttpStatusCode.UnprocessableEntity, HttpMethod.Put, secret, value => $"{{\"value\":{Quoted(string.Concat(Enumerable.Repeat(JsonSerializer.Deserialize<string>(value), 4000)))}}}");
        await AskAsync("a value with a NUL", HttpStatusCode.BadRequest, HttpMethod.Put, secret, value => $"{{\"value\":{value[..^1]}\\u0000\"}}");
        await AskAsync("a value under a mistyped name", HttpStatusCode.UnprocessableEntity, HttpMethod.Put, secret, value => $"{{\"vlaue\":{value}}}");
        await AskAsync("a value that is an object", HttpStatusCode.BadRequest, HttpMethod.Put, secret, value => $"{{\"value\":{{\"x\":{value}}}}}");
        await AskAsync("a value beside one that is good", HttpStatusCode.UnprocessableEntity, HttpMethod.Put, secret, value => $"{{\"value\":\"good enough\",\"note\":{value}}}");
        await AskAsync("a value for a namespace that is not there", HttpStatusCode.NotFound, HttpMethod.Put, "/api/v1/namespaces/nowhere/secrets/x", value => $"{{\"value\":{value}}}");
        await AskAsync("a value in the query of a route that is none", HttpStatusCode.NotFound, HttpMethod.Get, "/api/v1/nothing?value=CANARY");
        await AskAsync("a value in the query of a route that takes none", HttpStatusCode.OK, HttpMethod.Get, $"{area.Path}/secrets?value=CANARY");
        await AskAsync("a password of another kind of authorization", HttpStatusCode.Unauthorized, HttpMethod.Get, $"{area.Path}/secrets", header: value => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"somebody:{value}"))}");
        await AskAsync("a bearer of another kind", HttpStatusCode.Unauthorized, HttpMethod.Get, $"{area.Path}/secrets", header: value => $"Bearer {Uri.EscapeDataString(value)}");
        // Its own text where its id belongs, or where any other name does.
        foreach (var path in new[] { "/api/v1/tokens/TOKEN", "/api/v1/TOKEN", $"{area.Path}/pipelines/TOKEN", "/api/v1/roles/TOKEN", $"/api/v1/tokens?cursor=TOKEN", $"/api/v1/tokens?limit=TOKEN" })
        {
            await area.SendAsync(HttpMethod.Get, path.Replace("TOKEN", install.Token.Value, StringComparison.Ordinal));
        }

        await area.SendAsync(HttpMethod.Get, "/api/v1/tokens/whoami", headers: ("Authorization", $"Bearer {install.Token.Value}x"));
    }

    /// <summary>What commands say of settings that are wrong, or of a database that is away.</summary>
    private static async Task SayWhatIsWrongAsync(CanaryInstall install)
    {
        var password = install.Plant("the password of a database that is away");
        var escaped = Uri.EscapeDataString(password.Value);
        foreach (var url in new[] { $"postgres://gofer:{escaped}@127.0.0.1:1/gofer", $"Host=127.0.0.1;Port=1;Username=gofer;Password={password.Value};Database=gofer" })
        {
            foreach (var command in s_commands) await install.GoferWithAsync([command], ("GOFER_POSTGRES", url));
            await install.GoferWithAsync(["worker", "--scheduler", "process", "--data", install.Aside], ("GOFER_POSTGRES", $"{url}{(url[0] == 'H' ? ";" : "?")}nonsense=1"));
        }

        // As somebody writes it who does not escape it.
        await install.GoferWithAsync(["migrate"], ("GOFER_POSTGRES", $"postgres://gofer:{password.Value}@127.0.0.1:1/gofer"));
        await install.GoferWithAsync(["config"], ("GOFER_POSTGRES", $"postgres://gofer:{password.Value}@127.0.0.1:1/gofer"));
        var key = install.Plant("a key that is none");
        foreach (var text in new[] { key.Value, $"name:{key.Value}", $"{key.Value}:AAAA" }) await install.GoferWithAsync(["config"], ("GOFER_SECRETS__KEYS", text));
        await install.GoferWithAsync(["token", "whoami"], ("GOFER_TOKEN", install.Plant("a token that is none").Value));
        foreach (var command in new[] { "config", "config -o json", "doctor", "token whoami", "token list", "secret list", "logs p 1 raw" }) await install.GoferAsync(null, command.Split(' '));
        Assert.Equal(0, (await install.GoferAsync(install.Plant("a value that a command sets").Value, "secret", "set", "typed")).Exit);
        Assert.Equal(1, (await install.GoferAsync($"{install.Plant("a value that a command refuses").Value}\0", "secret", "set", "typed")).Exit);
    }

    /// <summary>Every route that reads, from the server's own document, for every run; so a route that is added is asked too.</summary>
    private static async Task AskForEverythingAsync(CanaryInstall install)
    {
        var came = (await install.Area.SendAsync(HttpMethod.Get, "pipelines/p/trigger-events")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;
        var past = (await install.Area.SendAsync(HttpMethod.Get, "pipelines/p/backfills")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;
        using var document = JsonDocument.Parse(await install.Area.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Ct));
        (string Pipeline, string Run, string Task)[] runs =
            [("pulled", "1", "t"), ("held", "1", "t"), .. from n in Enumerable.Range(1, 3) select ("q", $"{n}", "t"), .. from n in Enumerable.Range(1, 2) from w in s_writers select ("p", $"{n}", w.Task)];
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject().Where(p => p.Value.TryGetProperty("get", out _)))
        {
            // What is no run's, as the audit log, has no end; it shows the same as its list.
            var follows = path.Name.Contains("{run}", StringComparison.Ordinal) && path.Value.GetProperty("get").TryGetProperty("parameters", out var parameters) && parameters.EnumerateArray().Any(p => p.GetProperty("name").GetString() == "follow");
            var asked = runs.Select(r => Parameter().Replace(path.Name, hole => hole.Groups[1].Value switch
            {
                "namespace" => "default",
                "pipeline" => r.Pipeline,
                "run" => r.Run,
                "task" => r.Task,
                "version" => path.Name.Contains("shared", StringComparison.Ordinal) ? "1.0" : "1",
                "role" => "admin",
                "trigger" => "often",
                "notification" => "told",
                "shared" => "used",
                "extension" => "away",
                "event" => came,
                "backfill" => past,
                "key" => r.Pipeline == "p" ? r.Task : "token",
                "id" => install.Token.Value.Split('_')[1],
                var name => throw new InvalidOperationException($"{path.Name} is new: say what stands in {name}."),
            })).Distinct().ToList();
            var found = false;
            foreach (var url in asked)
            {
                found |= (await install.Area.SendAsync(HttpMethod.Get, url)).Status is HttpStatusCode.OK;
                if (follows) Assert.Equal("text/event-stream", (await install.Area.SendAsync(HttpMethod.Get, $"{url}?follow=true")).MediaType);
            }

            Assert.True(found || path.Name.EndsWith("/objects/{key}", StringComparison.Ordinal), $"{path.Name} never answered well.");
        }

        foreach (var url in new[] { "/metrics", "/swagger/index.html", "/openapi/v1.json", "/errors/missing_secret" }) await install.Area.SendAsync(HttpMethod.Get, url);
        foreach (var diff in new[] { "p", "q" }) await install.Area.SendAsync(HttpMethod.Get, $"pipelines/{diff}/versions/1/diff?against=live");
    }

    /// <summary>All that the engine shows of the containers but the environment, which the tasks themselves asked for; and the images that they ran on.</summary>
    private static async Task InspectAsync(CanaryInstall install)
    {
        using var docker = new DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
        var containers = await ContainersAsync(docker, install);
        Assert.True(containers.Count > s_writers.Length, $"There are {containers.Count} containers.");
        foreach (var container in containers)
        {
            var shown = await docker.Containers.InspectContainerAsync(container.ID, Ct);
            if (shown.Config!.Env!.FirstOrDefault(v => v.StartsWith("GOFER_API_TOKEN=", StringComparison.Ordinal)) is { } token && install.Canaries.All(c => c.Value != token[16..])) install.PlantToken("the token of a run", token[16..]);
            shown.Config.Env = [];
            install.Evidence.Add("container inspected", JsonSerializer.Serialize(shown));
            install.Evidence.Add("container listed", JsonSerializer.Serialize(container));
            foreach (var layer in await docker.Images.GetImageHistoryAsync(shown.Image, Ct)) install.Evidence.Add("container image", JsonSerializer.Serialize(layer));
        }

        Assert.Contains(install.Canaries, c => c.Place == "the token of a run");
    }

    private static async Task RemoveAsync(CanaryInstall install)
    {
        using var docker = new DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, CancellationToken.None)).Value).Build();
        foreach (var container in await ContainersAsync(docker, install)) await docker.Containers.RemoveContainerAsync(container.ID, new ContainerRemoveParameters { Force = true }, CancellationToken.None);
    }

    private static async Task<IList<ContainerListResponse>> ContainersAsync(DockerClient docker, CanaryInstall install) => await docker.Containers.ListContainersAsync(
        new ContainersListParameters
        {
            All = true,
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [$"{ContainerLabels.Install}={await install.TextAsync("select id::text from gofer.install")}"] = true } },
        },
        CancellationToken.None);

    private static async Task SetAsync(CanaryInstall install, string scope, string pipeline, string key, string value)
    {
        var area = install.Area;
        var (path, more) = scope switch
        {
            "pipeline_secret" => ($"pipelines/{pipeline}/secrets/{key}", ""),
            "namespace_secret" => ($"secrets/{key}", ""),
            _ => ($"/api/v1/secrets/{key}", ",\"namespaces\":[\"default\"]"),
        };
        var put = await area.SendAsync(HttpMethod.Put, path, $"{{\"value\":{Quoted(value)}{more}}}");
        Assert.True(put.Status is HttpStatusCode.Created or HttpStatusCode.OK, put.ToString());
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
