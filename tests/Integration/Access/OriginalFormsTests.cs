using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Docker.DotNet;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>Documents that read secrets and objects in the forms that the original took, and tasks that work with objects by their own token, on each scheduler.</summary>
public sealed class OriginalFormsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task Secrets_and_objects_reach_tasks_which_put_and_read_those_of_their_run_and_no_others(string scheduler)
    {
        var image = scheduler == "docker" ? await TestbedImage.ToolsAsync(AppContext.BaseDirectory, Ct) : "none";
        var gofer = scheduler == "docker" ? "gofer" : $"dotnet {GoferProcess.Program}";
        await using var cluster = await GoferCluster.StartAtAsync(scheduler == "docker" ? await GatewayAsync() : "127.0.0.1", ("GOFER_API__AUTHENTICATION", "tokens"));
        var area = cluster.Area;
        var admin = (await area.SendAsync(HttpMethod.Post, "/api/v1/tokens/bootstrap")).Json.GetProperty("token").GetString()!;
        area.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", admin);
        await cluster.WorkerAsync(scheduler, ("GOFER_PUBLIC_URL", area.Http.BaseAddress!.ToString()));

        await area.RegisterAsync(Of("other", Step("t", "true")));
        await area.EndAsync(await area.RunAsync("other"));
        await PutAsync("pipelines/other/runs/1/objects/one", "of another run");
        await area.RegisterAsync(Of(
            "p",
            Step(
                "make",
                $$"""
                ask() { curl -sS -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer $GOFER_API_TOKEN" "$@"; }
                home="${GOFER_API_URL%/}/api/v1/namespaces/default/pipelines"
                echo put by gofer | {{gofer}} object put one - -p p --run "$GOFER_RUN_ID" >/dev/null 2>&1 || echo gofer failed
                {{gofer}} object get one -p p --run "$GOFER_RUN_ID"
                ask -X PUT --data-binary 'put by curl' -H 'Content-Type: application/octet-stream' "$home/p/runs/$GOFER_RUN_ID/objects/two"
                ask "$home/p/runs/$GOFER_RUN_ID/objects/two"
                ask "$home/other/runs/1/objects/one"
                ask "$home/p/runs/2/objects/one"
                {{gofer}} object get one -p other --run 1 2>/dev/null || echo "gofer has none of another's"
                printf %s "$GOFER_API_TOKEN" | rev
                """).And(""" "inject_api_token":true """),
            Step("use", "echo \"[$OUT][$TWO][$LAST]\"; echo ${#A} ${#B} ${#C}; echo \"$A\"").And(
                """
                "depends_on":{"make":"Success"},
                "variables":{"OUT":"run_object{{one}}","TWO":" Run_Object{{ two }} ","LAST":"PIPELINE_OBJECT{{last}}","A":"pipeline_secret{{token}}","B":" Pipeline_Secret{{ token }} ","C":"GLOBAL_SECRET{{everywhere}}"}
                """),
            Step("without", $"echo \"[$GOFER_API_TOKEN]\"; {gofer} object get one -p p --run \"$GOFER_RUN_ID\" >/dev/null 2>&1 || echo refused; curl -sS -o /dev/null -w '%{{http_code}}' \"${{GOFER_API_URL%/}}/api/v1/namespaces/default/pipelines/p/runs/1/objects/one\"")
                .And(""" "depends_on":{"make":"ANY"} """),
            Step("never", "true").And(""" "depends_on":{"make":"failure"} """)).Replace("busybox:latest", image, StringComparison.Ordinal));
        await PutAsync("pipelines/p/objects/last", "of the run before");
        await PutAsync("pipelines/p/secrets/token", """{"value":"correct horse"}""");
        await PutAsync("/api/v1/secrets/everywhere", """{"value":"of the install","namespaces":["*"]}""");

        var run = await area.EndAsync(await area.RunAsync("p"));
        var made = Encoding.UTF8.GetString(await area.LogAsync(run, "make"));
        Assert.Equal("put by gofer\n201 200 404 404 gofer has none of another's\n", made[..(made.LastIndexOf('\n') + 1)]);
        Assert.Equal("[put by gofer\n][put by curl][of the run before]\n13 13 14\n***\n", Encoding.UTF8.GetString(await area.LogAsync(run, "use")));
        Assert.Equal("[]\nrefused\n401", Encoding.UTF8.GetString(await area.LogAsync(run, "without")));
        var tasks = await area.TasksAsync(run);
        Assert.Equal((TaskState.Skipped, RunState.Succeeded), (tasks["never"].State, run.State));

        var token = new string([.. made[(made.LastIndexOf('\n') + 1)..].Reverse()]);
        Assert.True(TokenText.Parse(token)?.IsOfRun, made);
        foreach (var path in new[] { "pipelines/p/runs/1/objects/one", "pipelines/p/runs/1", "/api/v1/tokens/whoami" }) Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token, path));
        Assert.Equal("put by gofer\n", await area.Http.GetStringAsync(new Uri($"{area.Path}/pipelines/p/runs/1/objects/one", UriKind.Relative), Ct));

        async Task PutAsync(string path, string body)
        {
            var put = await area.SendAsync(HttpMethod.Put, path, body);
            Assert.True(put.Status == HttpStatusCode.Created, $"{path}: {put}");
        }

        async Task<HttpStatusCode> AskAsync(string shown, string path)
        {
            using var http = new HttpClient { BaseAddress = area.Http.BaseAddress };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", shown);
            using var answer = await http.GetAsync(new Uri(path.StartsWith('/') ? path : $"{area.Path}/{path}", UriKind.Relative), Ct);
            return answer.StatusCode;
        }
    }

    /// <summary>Where containers reach this machine.</summary>
    private static async Task<string> GatewayAsync()
    {
        using var docker = new DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
        using var network = new DockerNetwork(docker);
        return (await network.GatewayAsync(Ct))!.ToString();
    }
}
