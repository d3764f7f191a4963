using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Notifications;

/// <summary>A worker that dies while it tells somebody.</summary>
public sealed class NotificationCrashTests
{
    private static readonly (string, string)[] s_allowed = [("GOFER_OUTBOUND__ALLOW", "127.0.0.1")];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_dead_worker_was_telling_another_tells_again_under_the_same_id_and_the_ledger_has_it_once()
    {
        await using var target = await Receiver.StartAsync();
        // The first request is never answered: whoever sent it dies over it.
        target.Answer = context => target.Got.Count > 1 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, context.RequestAborted);
        await using var cluster = await GoferCluster.StartAsync(s_allowed);
        var worker = await cluster.WorkerAsync("process", s_allowed);
        await cluster.Area.RegisterAsync(Documents.Script("p", "exit 1"));
        var made = await cluster.Area.SendAsync(
            HttpMethod.Put, "pipelines/p/notifications/oncall", $$"""{"id":"oncall","on":["failed"],"type":"webhook","url":"http://127.0.0.1:{{target.Port}}/"}""");
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        await cluster.Area.EndAsync(await cluster.Area.RunAsync("p"));
        await UntilAsync(() => Task.FromResult(target.Got.Count == 1));
        await worker.KillAsync();
        await cluster.WorkerAsync("process", s_allowed);
        // What would come by itself once the dead one's minute is over.
        Assert.Equal(1, await cluster.ScalarAsync<int>("with moved as (update gofer.deliveries set due_at = now() where state = 'open' returning 1) select count(*)::int from moved"));
        JsonElement ledger = default;
        await UntilAsync(async () =>
        {
            ledger = (await cluster.Area.SendAsync(HttpMethod.Get, "pipelines/p/notification-deliveries")).Json.GetProperty("items");
            return ledger.GetArrayLength() == 1 && ledger[0].GetProperty("state").GetString() == "delivered";
        });
        var requests = target.Got.ToList();
        Assert.Equal(2, requests.Count);
        Assert.Equal(requests[0].Body, requests[1].Body);
        Assert.Equal([ledger[0].GetProperty("id").GetString()], requests.Select(r => r.Headers["Gofer-Delivery"]).Distinct());
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var patience = Stopwatch.StartNew(); !await holds(); await Task.Delay(20, Ct)) Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "It does not come to that.");
    }
}
