using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Startup;

/// <summary>A database that goes while everybody works, and comes back.</summary>
public sealed class OutageTests
{
    private const string Waits = "does not answer; waiting for it";
    private const string Back = "is there now";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_outage_is_said_once_by_each_process_and_readiness_is_true_throughout()
    {
        await using var postgres = await OwnPostgres.StartAsync();
        await using var cluster = await GoferCluster.StartAsync(postgres.ConnectionString);
        var worker = await cluster.WorkerAsync(settings: ("GOFER_WORKER__LISTEN", "127.0.0.1:0"));
        using var ofWorker = await Probes.OfAsync(worker);
        using var ofApi = new Probes(cluster.Area.Http.BaseAddress!);
        await ofWorker.UntilReadyAsync();
        var run = await cluster.Area.RunScriptAsync("p", "echo before; while ! [ -e go ]; do sleep 0.1; done; echo after");
        await cluster.Area.UntilAsync(run, "t", TaskState.Running);

        for (var outages = 1; outages <= 2; outages++)
        {
            using var follower = await cluster.Area.Http.GetAsync(
                new Uri("/api/v1/namespaces/default/pipelines/p/runs/1?follow=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
            await using var followed = await follower.Content.ReadAsStreamAsync(Ct);
            await postgres.GoAsync();
            await worker.SaysAsync(Waits, outages);
            await cluster.Api.SaysAsync(Waits, outages);
            await Assert.ThrowsAnyAsync<IOException>(() => followed.CopyToAsync(Stream.Null, Ct)); // cut, not left to wait
            foreach (var probes in new[] { ofWorker, ofApi })
            {
                Assert.Equal(HttpStatusCode.OK, await probes.StatusAsync("/healthz"));
                var away = await probes.ReadyAsync();
                Assert.False(away.Ready);
                Assert.StartsWith("The database does not answer: ", away.Checks["database"], StringComparison.Ordinal);
            }

            var refused = await cluster.Area.SendAsync(HttpMethod.Get, "/api/v1/namespaces");
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "database_unavailable"), (refused.Status, refused.Code));
            await postgres.ComeAsync();
            await worker.SaysAsync(Back, outages);
            await cluster.Api.SaysAsync(Back, outages);
            await ofWorker.UntilReadyAsync();
            await ofApi.UntilReadyAsync();
        }

        Assert.Equal(RunState.Succeeded, (await cluster.Area.EndAsync(await cluster.Area.RunScriptAsync("q", "true"))).State);
        foreach (var process in new[] { worker, cluster.Api })
        {
            Assert.Equal((2, 2), (process.Count(Waits), process.Count(Back)));
            // Loops, logs and requests kept quiet about it.
            Assert.DoesNotContain(process.Error.Split('\n'), l => l.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal));
            Assert.True(process.Count("\"LogLevel\":\"Warning\"") - process.Count("ran out; it forgets") == 2, process.Error);
        }

        await cluster.Area.Client.Runs.CancelRunAsync("default", "p", "1", new CancelBody(), Ct);
        Assert.Equal(RunState.Cancelled, (await cluster.Area.EndAsync(run)).State);
    }
}
