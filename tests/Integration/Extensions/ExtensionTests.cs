using System.Diagnostics;
using System.Net;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Extensions;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>The life of an extension in an install of real processes, as its operator and those who subscribe see it.</summary>
public sealed class ExtensionTests
{
    private const string Script = "examples/extension-node/extension.mjs";
    private const string Path = "/api/v1/extensions/ticker";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_installed_subscribed_to_disabled_enabled_replaced_posted_to_and_uninstalled()
    {
        await using var example = await NodeFolder.MakeAsync(Script, Ct);
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync();
        await cluster.Area.RegisterAsync("""{"id":"p","parallelism":1,"tasks":[{"id":"a","image":"busybox:latest","command":["true"]}]}""");
        var unknown = await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"t","type":"extension","extension":"ticker"}""");
        Assert.Contains("/extension", unknown.Pointers);
        var installed = await cluster.Area.SendAsync(HttpMethod.Post, "/api/v1/extensions", $$"""{"id":"ticker","image":"none","command":["node","{{example.PathOf(Script)}}"]}""");
        Assert.True(installed.Status == HttpStatusCode.Created, installed.ToString());
        var hook = installed.Json.GetProperty("hook").GetString()!;
        try
        {
            await StateAsync(cluster, "running");
            var wrong = await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"t","type":"extension","extension":"ticker","with":{"every_ms":"soon"}}""");
            Assert.Contains("/with/every_ms", wrong.Pointers);
            await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"t","type":"extension","extension":"ticker","with":{"every_ms":200}}""");
            await SubscribedAsync(cluster, "active");
            await MoreAsync(cluster);

            // Again and again, sooner than anybody looks.
            for (var i = 0; i < 2; i++)
            {
                await cluster.Area.SendAsync(HttpMethod.Post, $"{Path}/disable");
                await StateAsync(cluster, "stopped");
                await SubscribedAsync(cluster, "missing");
                await cluster.Area.SendAsync(HttpMethod.Post, $"{Path}/enable");
                await StateAsync(cluster, "running");
                await MoreAsync(cluster);
            }

            var changed = await cluster.Area.SendAsync(HttpMethod.Patch, Path, """{"settings":{"region":"eu"}}""");
            Assert.True(changed.Status == HttpStatusCode.OK, changed.ToString());
            await UntilAsync(async () => await cluster.ScalarAsync<string>("select coalesce(definition, '') from gofer.extension_statuses") is var now && now.Contains("region", StringComparison.Ordinal));
            await StateAsync(cluster, "running");
            await SubscribedAsync(cluster, "active");
            await MoreAsync(cluster);

            Assert.Equal(HttpStatusCode.Accepted, (await cluster.Area.SendAsync(HttpMethod.Post, hook, """{"from":"outside"}""")).Status);
            await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.trigger_events where decision = 'ran' and convert_from(body, 'UTF8') like '%outside%'") == 1);
            await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.extension_requests") == 0);
            Assert.Contains("listening at", await cluster.Area.Http.GetStringAsync(new Uri($"{Path}/logs?tail=1", UriKind.Relative), Ct), StringComparison.Ordinal);
            Assert.Equal(0, await cluster.ScalarAsync<long>("select count(*) from (select headers->>'Gofer-Event-Id' from gofer.trigger_events where decision = 'ran' group by 1 having count(*) > 1) d"));

            var used = await cluster.Area.SendAsync(HttpMethod.Delete, Path);
            Assert.True(used.Code == "in_use" && used.ToString().Contains("default/p/t", StringComparison.Ordinal), used.ToString());
        }
        finally
        {
            var gone = await cluster.Area.SendAsync(HttpMethod.Delete, $"{Path}?force=true");
            await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.extension_statuses") == 0);
            Assert.Equal(HttpStatusCode.NoContent, gone.Status);
        }

        await SubscribedAsync(cluster, "missing");
    }

    private static async Task StateAsync(GoferCluster cluster, string state) =>
        await UntilAsync(async () => (await cluster.Area.SendAsync(HttpMethod.Get, Path)).Json.GetProperty("state").GetString() == state, () => cluster.Area.SendAsync(HttpMethod.Get, Path));

    private static async Task SubscribedAsync(GoferCluster cluster, string state) => await UntilAsync(
        async () => (await cluster.Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/t")).Json.GetProperty("subscription").GetProperty("state").GetString() == state,
        () => cluster.Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/t"));

    private static async Task MoreAsync(GoferCluster cluster)
    {
        const string Count = "select count(*) from gofer.trigger_events where kind = 'extension' and decision = 'ran'";
        var before = await cluster.ScalarAsync<long>(Count);
        await UntilAsync(async () => await cluster.ScalarAsync<long>(Count) >= before + 5, () => cluster.Area.SendAsync(HttpMethod.Get, Path));
    }

    private static async Task UntilAsync(Func<Task<bool>> wanted, Func<Task<Answer>>? now = null)
    {
        for (var patience = Stopwatch.StartNew(); !await wanted(); await Task.Delay(50, Ct))
        {
            if (patience.Elapsed > TimeSpan.FromMinutes(1)) Assert.Fail($"It never comes to be. {(now is null ? "" : (await now()).ToString())}");
        }
    }
}
