using System.Text;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;

namespace Gofer.Tests.Integration.Startup;

/// <summary>Everything behind a proxy that pools transactions: no session is anybody's own, and no notification ever comes.</summary>
public sealed class PgBouncerTests
{
    private const string Deaf = "notifications do not arrive";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Behind_a_proxy_that_pools_transactions_everything_works_by_polling_and_that_is_said_once()
    {
        await using var database = await TestDatabase.CreateAsync(Ct);
        await using var bouncer = await PgBouncer.StartAsync(database.ConnectionString, Ct);
        await using var cluster = await GoferCluster.StartAsync(bouncer.ConnectionString);
        var worker = await cluster.WorkerAsync(settings: ("GOFER_WORKER__LISTEN", "127.0.0.1:0"));
        var area = cluster.Area;

        // The task does not end before its first line was read, so what is read then comes live.
        var go = Path.Combine(cluster.Data, "go");
        await area.RegisterAsync(Documents.Of(
            "p",
            Documents.Step("a", $"echo line 1; while ! [ -e {go} ]; do sleep 0.1; done; echo line 2"),
            Documents.Step("b", "echo b", ("a", "success")),
            Documents.Step("c", "exit 3", ("a", "success")),
            Documents.Step("d", "echo d", ("b", "success"), ("c", "failure"))));
        var run = await area.RunAsync("p");
        var followed = new StringBuilder();
        await foreach (var line in area.Client.Streams.LogsAsync("default", "p", "1", "a", cancellationToken: Ct))
        {
            followed.Append(line.Text).Append('\n');
            await File.WriteAllTextAsync(go, "", Ct);
        }

        Assert.Equal("line 1\nline 2\n", followed.ToString());
        Assert.Equal(RunState.Failed, (await area.EndAsync(run)).State);
        Assert.Equal(
            [("a", TaskState.Succeeded), ("b", TaskState.Succeeded), ("c", TaskState.Failed), ("d", TaskState.Succeeded)],
            (await area.TasksAsync(run)).OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (t.Key, t.Value.State)));

        var endless = await area.RunScriptAsync("q", "sleep 300");
        await area.UntilAsync(endless, "t", TaskState.Running);
        await area.Client.Runs.CancelRunAsync("default", "q", "1", new CancelBody(), Ct);
        Assert.Equal(RunState.Cancelled, (await area.EndAsync(endless)).State);

        using var probes = await Probes.OfAsync(worker);
        foreach (var process in new[] { worker, cluster.Api })
        {
            await process.SaysAsync(Deaf);
            Assert.Equal(1, process.Count(Deaf));
            Assert.Equal((1, 0), (process.Count("\"LogLevel\":\"Warning\""), process.Count("\"LogLevel\":\"Error\"")));
        }

        var ready = await probes.ReadyAsync();
        Assert.True(ready.Ready);
        Assert.Equal("they do not arrive; polling", ready.Checks["notifications"]);
    }
}
