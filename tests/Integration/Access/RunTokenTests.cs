using System.Net;
using System.Text.RegularExpressions;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;
using Gofer.Tests.Support.Postgres;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>The token that a task gets where it asks for one: for its own run, until that ends.</summary>
public sealed partial class RunTokenTests(SecuredServer secured) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-run-token-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_task_works_with_the_objects_of_its_run_and_nothing_else_until_the_run_ends()
    {
        var area = await AreaAsync();
        var server = secured.Server.Url.ToString().TrimEnd('/');
        var kept = Path.Combine(_folder, "token");
        const string ask = "ask() { curl -sS -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $GOFER_API_TOKEN\" \"$@\"; }";
        await area.RegisterAsync(Of("other", Step("t", "true")));
        await area.EndAsync(await area.RunAsync("other"));
        await area.RegisterAsync(Of("p", Step(
            "t",
            $"""
            {ask}
            export GOFER_API_URL={server}
            home={server}{area.Path}/pipelines
            printf %s "$GOFER_API_TOKEN" >{kept}
            echo "the token is $GOFER_API_TOKEN"
            echo put by gofer | dotnet {GoferProcess.Program} object put one - -p p --run "$GOFER_RUN_ID" 2>/dev/null || echo "gofer failed"
            dotnet {GoferProcess.Program} object get one -p p --run "$GOFER_RUN_ID"
            ask -X PUT --data-binary 'put by curl' -H 'Content-Type: application/octet-stream' "$home/p/runs/$GOFER_RUN_ID/objects/two"
            ask "$home/p/runs/$GOFER_RUN_ID/objects/two"
            ask "$home/p/runs/$GOFER_RUN_ID"
            ask "$home/p/runs/$GOFER_RUN_ID/logs"
            ask -X DELETE "$home/p/runs/$GOFER_RUN_ID/objects/two"
            echo own
            ask "$home/other/runs/1/objects/one"
            ask "$home/p/runs/99/objects/one"
            ask "$home/p/runs/latest/objects/one"
            ask "{server}/api/v1/namespaces/default/pipelines/p/runs/1/objects/one"
            echo elsewhere
            ask -X POST "$home/p/runs/$GOFER_RUN_ID/cancel"
            ask "$home/p/objects"
            ask "$home/p/secrets"
            ask "$home/p"
            ask "{server}/api/v1/tokens"
            ask -X POST -H 'Content-Type: application/json' -d '' "$home/p/runs"
            echo more
            ask "{server}/api/v1/tokens/whoami"
            """).And(""" "inject_api_token":true """)));
        var run = await area.EndAsync(await area.RunAsync("p"));
        var log = System.Text.Encoding.UTF8.GetString(await area.LogAsync(run));
        Assert.Equal(
            "the token is ***\nput by gofer\n201 200 200 200 204 own\n404 404 404 404 elsewhere\n403 403 403 403 403 403 more\n200 ", log);

        var token = await File.ReadAllTextAsync(kept, Ct);
        Assert.True(TokenText.Parse(token)!.IsOfRun);
        var over = await secured.SendAsync(token, HttpMethod.Get, $"{area.Path}/pipelines/p/runs/1/objects/one");
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), (over.Status, over.Code));
        Assert.Contains("until its run ends", over.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_of_a_pipeline_that_was_deleted_has_nothing_of_the_one_that_is_made_under_its_name()
    {
        var area = await AreaAsync();
        var kept = Path.Combine(_folder, "token");
        // It goes on after its pipeline is gone, as long as a stop lets it.
        await area.RegisterAsync(Of("p", Step("t", $"trap '' TERM; printf %s \"$GOFER_API_TOKEN\" >{kept}.new; mv {kept}.new {kept}; while [ ! -e {kept}.over ]; do sleep 0.1; done").And(""" "inject_api_token":true """)));
        await area.RunAsync("p");
        try
        {
            while (!File.Exists(kept)) await Task.Delay(20, Ct);
            var token = await File.ReadAllTextAsync(kept, Ct);
            var own = $"{area.Path}/pipelines/p/runs/1";
            Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(token, HttpMethod.Get, own)).Status);
            Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"{area.Path}/pipelines/p?force=true")).Status);
            await area.RegisterAsync(Of("p", Step("t", "true")));
            await area.EndAsync(await area.RunAsync("p"));
            Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Get, own)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await secured.SendAsync(token, HttpMethod.Get, own)).Status);
        }
        finally
        {
            await File.WriteAllTextAsync($"{kept}.over", "", CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_task_that_asks_for_none_has_none()
    {
        var area = await AreaAsync();
        await area.RegisterAsync(Of("p", Step("t", "echo \"[$GOFER_API_TOKEN]\""), Step("u", "echo \"[$GOFER_API_TOKEN]\"").And(""" "inject_api_token":false """)));
        var run = await area.EndAsync(await area.RunAsync("p"));
        foreach (var task in new[] { "t", "u" }) Assert.Equal("[]\n", System.Text.Encoding.UTF8.GetString(await area.LogAsync(run, task)));
    }

    [Fact]
    public async Task Each_attempt_has_a_token_of_its_own()
    {
        var area = await AreaAsync();
        await area.RegisterAsync(Of("p", Step("t", $"echo \"$GOFER_API_TOKEN\" >>{_folder}/tokens; [ $GOFER_ATTEMPT = 2 ]").And(
            """ "inject_api_token":true,"retry":{"max_attempts":2,"initial_delay":"0s"} """)));
        Assert.Equal(RunState.Succeeded, (await area.EndAsync(await area.RunAsync("p"))).State);
        var tokens = await File.ReadAllLinesAsync(Path.Combine(_folder, "tokens"), Ct);
        Assert.Equal(2, tokens.Distinct().Count());
    }

    /// <summary>Where nobody is asked for a token, one that a task was given says all the same what the task may do, and when that is over.</summary>
    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task Under_dev_a_task_is_told_where_the_API_is_and_reaches_its_own_run_there(string scheduler)
    {
        if (scheduler == "docker") await DockerEngine.EnsureAsync(Ct);
        await using var database = await MigratedDatabase.CreateAsync(Ct);
        await using var dev = GoferProcess.Start(
            ["dev", "--postgres", database.ConnectionString, "--listen", "127.0.0.1:0", "--data", Path.Combine(_folder, "data"), "--scheduler", scheduler],
            Environment.GetEnvironmentVariable("DOCKER_HOST") is { } host ? [("DOCKER_HOST", host)] : []);
        var url = new Uri(Address().Match(await dev.SaysAsync("Gofer answers at")).Value);
        using var http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        using var area = new Area("default", http, new GoferClient(http));
        // A small image has nc and no curl, a machine mostly the other way round.
        var ask = scheduler == "docker"
            ? """
              ask() {
                where=${GOFER_API_URL#http://}
                export where method="$1" path="$2" header="$3" body="$4"
                nc "${where%:*}" "${where#*:}" -e sh -c '
                  printf "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %s\r\n%b\r\n%s" "$method" "$path" "$where" "${#body}" "${header:+$header\r\n}" "$body"
                  read -r version code reason; echo "$code" >/tmp/code'
                cat /tmp/code
              }
              """
            : """ask() { curl -sS -o /dev/null -w '%{http_code}\n' -X "$1" ${3:+-H "$3"} ${4:+--data-binary "$4"} "$GOFER_API_URL$2"; }""";
        await area.RegisterAsync(Of("p", Step(
            "t",
            $$"""
            {{ask}}
            own="/api/v1/namespaces/default/pipelines/p/runs/$GOFER_RUN_ID"
            token="Authorization: Bearer $GOFER_API_TOKEN"
            echo "${GOFER_API_URL%:*}"
            ask PUT "$own/objects/k" "$token" "some bytes"
            ask GET "$own/objects/k" "$token"
            ask GET /api/v1/namespaces/default/pipelines "$token"
            echo without
            ask GET /api/v1/namespaces/default/pipelines
            ask POST /api/v1/tokens/bootstrap
            ask POST /api/v1/tokens/bootstrap "$token"
            """).And(""" "inject_api_token":true """)));
        var run = await area.EndAsync(await area.RunAsync("p"));
        var lines = System.Text.Encoding.UTF8.GetString(await area.LogAsync(run)).Split('\n');
        Assert.Equal("201 200 403 without", string.Join(' ', lines[1..^1]) is var said && said.Length > 19 ? said[..19] : said);
        Assert.Equal("some bytes", await http.GetStringAsync(new Uri($"{area.Path}/pipelines/p/runs/1/objects/k", UriKind.Relative), Ct));
        if (scheduler == "docker")
        {
            Assert.NotEqual("http://127.0.0.1", lines[0]);
            // At the door of containers nobody is let in but tasks: not by asking for nothing, nor for the first token.
            Assert.Equal(["401", "401", "403"], lines[5..8]);
        }
        else
        {
            Assert.Equal("http://127.0.0.1", lines[0]);
            Assert.Equal("200", lines[5]);
        }

        dev.Signal("TERM");
        Assert.Equal(0, await dev.ExitAsync());
    }

    private async Task<Area> AreaAsync()
    {
        var name = $"r{System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        var http = secured.Http(secured.Admin);
        var client = new GoferClient(http);
        await client.Namespaces.CreateNamespaceAsync(new NewNamespaceBody { Id = name }, Ct);
        return new Area(name, http, client);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/", RegexOptions.NonBacktracking)]
    private static partial Regex Address();
}
