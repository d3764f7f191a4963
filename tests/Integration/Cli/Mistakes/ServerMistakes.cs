using System.Net;
using System.Net.Sockets;
using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>Mistakes that a server answers: names that are not there, values that cannot be, things that are in use.</summary>
public sealed class ServerMistakes(Team team) : IClassFixture<Team>
{
    [Theory]
    [InlineData("50-unknown-namespace", "Did you mean 'team-data'?", "pipeline list -n team-dat")]
    [InlineData("51-unknown-pipeline", "Did you mean 'nightly'?", "run nigthly")]
    [InlineData("52-wrong-case-of-an-id", "Did you mean 'nightly'?", "pipeline get Nightly")]
    [InlineData("53-unknown-run", "gofer run list done", "watch done 99")]
    [InlineData("54-pipeline-that-never-ran", "gofer run never --follow", "logs never")]
    [InlineData("55-unknown-task", "Did you mean 'extract'?", "logs slow 1 extarct")]
    [InlineData("56-unknown-version", "gofer pipeline versions done", "deploy done 9")]
    [InlineData("57-run-of-an-unknown-version", "its versions are 1 to 2", "run done --version 9")]
    [InlineData("58-no-version-to-go-back-to", "gofer rollback never VERSION", "rollback never")]
    [InlineData("59-missing-parameter", "'day' is missing", "run nightly")]
    [InlineData("60-parameter-of-the-wrong-type", "a whole number", "run nightly -p day=mon -p shards=many")]
    [InlineData("61-parameter-that-is-no-choice", "eu, us", "run nightly -p day=mon -p region=asia")]
    [InlineData("62-unknown-parameter", "Did you mean 'region'?", "run nightly -p day=mon -p regoin=eu")]
    [InlineData("63-paused-pipeline", "gofer resume paused", "run paused")]
    [InlineData("64-rerun-of-a-running-run", "gofer cancel slow 1", "rerun slow 1")]
    [InlineData("65-nothing-to-rerun", "gofer rerun done 1", "rerun done 1 --from failed")]
    [InlineData("66-cancel-of-an-ended-run", "had ended before", "cancel done 1")]
    [InlineData("67-delete-with-unfinished-runs", "gofer pipeline delete slow --force", "pipeline delete slow --yes")]
    [InlineData("68-delete-of-a-namespace-with-pipelines", "gofer namespace delete team-data --force", "namespace delete team-data --yes")]
    [InlineData("69-log-of-a-task-that-has-not-started", "gofer logs slow 1 load -f", "logs slow 1 load")]
    [InlineData("70-namespace-that-exists", "gofer namespace set team-data", "namespace create team-data")]
    [InlineData("71-variable-of-the-system", "GOFER_", "run done --var GOFER_RUN_ID=7")]
    [InlineData("72-exit-code-137", "gofer logs killed 1 t", "run killed --follow")]
    [InlineData("73-command-that-is-not-installed", "PATH", "run notool --follow")]
    public Task Somebody_asks_for_what_cannot_be(string name, string cure, string line) => Of(name, cure).IsAnsweredAsync(line.Split(' '));

    [Fact]
    public Task A_server_that_is_asked_by_another_name() =>
        // The proxy of the environment is the server itself: it sees the name that was asked for.
        (Of("74-server-by-another-name", "127.0.0.1 or localhost") with
        {
            Environment = [.. team.Environment, ("GOFER_SERVER", "http://gofer.example"), ("http_proxy", team.Url.ToString())],
        }).IsAnsweredAsync("pipeline", "list");

    [Fact]
    public async Task A_server_that_is_no_Gofer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var other = builder.Build();
        other.MapFallback(() => Results.Content("<html><body>It works!</body></html>", "text/html"));
        await other.StartAsync(TestContext.Current.CancellationToken);
        await (Of("75-server-that-is-no-gofer", "--server or GOFER_SERVER") with { Environment = [("GOFER_SERVER", other.Urls.First())] }).IsAnsweredAsync("pipeline", "list");
    }

    [Fact]
    public async Task A_port_that_speaks_no_http()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, TestContext.Current.CancellationToken);
        await (Of("76-port-that-speaks-no-http", "GOFER_SERVER") with { Environment = [("GOFER_SERVER", $"http://{listener.LocalEndpoint}")] }).IsAnsweredAsync("pipeline", "list");
        listener.Stop();
        await answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static async Task AnswerAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync(cancellationToken);
            await client.GetStream().WriteAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(), cancellationToken);
        }
    }

    private Mistake Of(string name, string cure) => new(name, cure) { Environment = team.Environment, Names = [(team.Url.ToString().TrimEnd('/'), "SERVER")], Input = "" };
}
