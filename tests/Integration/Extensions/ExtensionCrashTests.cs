using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;
using Gofer.Tests.Support.Extensions;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>The extension of the examples in an install of real processes, run as a process and as a container: whatever is killed, each of its events is one run.</summary>
public sealed class ExtensionCrashTests(ITestOutputHelper output)
{
    private const int Period = 200;
    private const string Script = "examples/extension-node/extension.mjs";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task Each_event_is_one_run_though_the_extension_the_workers_and_the_API_are_killed(string scheduler)
    {
        await using var example = await NodeFolder.MakeAsync(Script, Ct);
        await using var cluster = await GoferCluster.StartAsync();
        var worker = await cluster.WorkerAsync(scheduler);
        var image = scheduler == "docker" ? await TestbedImage.NodeAsync(example.Root, "extension", Ct) : "none";
        // What its runs do is of no matter here: one runs at a time, the others wait, and each is one all the same.
        await cluster.Area.RegisterAsync("""{"id":"p","parallelism":1,"tasks":[{"id":"a","image":"busybox:latest","command":["true"]}]}""");
        var script = scheduler == "docker" ? $"/app/{Script}" : example.PathOf(Script);
        var installed = await cluster.Area.SendAsync(HttpMethod.Post, "/api/v1/extensions", $$"""{"id":"ticker","image":"{{image}}","command":["node","{{script}}"]}""");
        Assert.True(installed.Status == HttpStatusCode.Created, installed.ToString());
        await using var end = new Uninstall(cluster);
        await UntilAsync(cluster, "select count(*) from gofer.extension_statuses where state = 'running'", 1);
        var trigger = await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", $$"""{"id":"t","type":"extension","extension":"ticker","with":{"every_ms":{{Period}} } }""");
        Assert.True(trigger.Status == HttpStatusCode.Created, trigger.ToString());

        for (var round = 0; round < 3; round++)
        {
            await MoreAsync(cluster);
            await KillAsync(cluster, scheduler);
            await MoreAsync(cluster);
            var next = await cluster.WorkerAsync(scheduler);
            await worker.KillAsync();
            worker = next;
        }

        await cluster.Api.KillAsync();
        await MoreAsync(cluster);
        // As the API would have it: nothing of it is wanted any more, and what came is decided.
        await cluster.ScalarAsync<int>("with off as (update gofer.triggers set enabled = false returning 1) select count(*)::int from off");
        await UntilAsync(cluster, "select count(*) from gofer.extension_subscriptions", 0);
        await UntilAsync(cluster, "select count(*) from gofer.open_trigger_events", 0);

        var ids = await cluster.ListAsync<long>("select (headers->>'Gofer-Event-Id')::bigint from gofer.trigger_events where kind = 'extension' and decision <> 'deduplicated' order by 1");
        var again = await cluster.ScalarAsync<long>("select count(*) from gofer.trigger_events where decision = 'deduplicated'");
        var restarts = await cluster.ScalarAsync<int>("select restarts from gofer.extension_statuses");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{scheduler}: {ids.Count} events, beside them {again} that came again; {restarts} containers after the first"));
        Assert.Equal(Enumerable.Range(0, ids.Count).Select(i => ids[0] + i), ids);
        Assert.Equal(0, await cluster.ScalarAsync<long>($"select count(*) from gofer.trigger_events where kind = 'extension' and decision not in ('{Decisions.Ran}', '{Decisions.Deduplicated}', '{Decisions.Disabled}')"));
        var ran = await cluster.ScalarAsync<long>($"select count(*) from gofer.trigger_events where decision = '{Decisions.Ran}'");
        Assert.Equal(ran, await cluster.ScalarAsync<long>("select count(*) from gofer.run_numbers"));
        Assert.True(restarts >= 3, "It was not started anew as often as it was killed.");
    }

    /// <summary>Returns once some more events came.</summary>
    private static async Task MoreAsync(GoferCluster cluster)
    {
        const string Count = "select count(*) from gofer.trigger_events where kind = 'extension'";
        var before = await cluster.ScalarAsync<long>(Count);
        for (var patience = Stopwatch.StartNew(); await cluster.ScalarAsync<long>(Count) < before + 5; await Task.Delay(20, Ct))
        {
            if (patience.Elapsed < TimeSpan.FromMinutes(1)) continue;
            Assert.Fail($"No event comes: {await cluster.ScalarAsync<string>("select state || ' ' || coalesce(message, '') from gofer.extension_statuses")}");
        }
    }

    private static async Task UntilAsync(GoferCluster cluster, string query, long wanted)
    {
        for (var patience = Stopwatch.StartNew(); await cluster.ScalarAsync<long>(query) != wanted; await Task.Delay(50, Ct))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"{query} is {await cluster.ScalarAsync<long>(query)} and not {wanted}.");
        }
    }

    /// <summary>Kills what the extension runs in, without a word.</summary>
    private static async Task KillAsync(GoferCluster cluster, string scheduler)
    {
        var name = await cluster.ScalarAsync<string>("select container from gofer.extension_statuses");
        var arguments = scheduler == "docker"
            ? ["docker", "kill", "--signal", "KILL", name]
            // The shell that looks after it is the scheduler's own; what it started is the extension.
            : new[] { "pkill", "-KILL", "-P", new FileInfo(Path.Combine(cluster.Data, "process", "tasks", name, "started")).LinkTarget!.Split(' ')[0] };
        using var kill = Process.Start(new ProcessStartInfo(arguments[0], arguments[1..]) { RedirectStandardOutput = true })!;
        await kill.WaitForExitAsync(Ct);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Nothing of the extension outlives the test, whatever came of it.</summary>
    private sealed class Uninstall(GoferCluster cluster) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await cluster.ScalarAsync<int>("with gone as (delete from gofer.extensions returning 1) select count(*)::int from gone");
            for (var patience = Stopwatch.StartNew(); await cluster.ScalarAsync<long>("select count(*) from gofer.extension_statuses") > 0 && patience.Elapsed < TimeSpan.FromSeconds(30);) await Task.Delay(50, CancellationToken.None);
        }
    }
}
