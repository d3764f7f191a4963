using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gofer.Cli.Hosting;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace Gofer.Tests.Integration.Notifications;

/// <summary>Notifications of a server with a worker, to real targets of this machine.</summary>
public sealed class NotificationTests : IAsyncLifetime
{
    private readonly GoferServer _server = new() { Settings = { ["Gofer:Outbound:Allow"] = "127.0.0.1,localhost" } };
    private Receiver _target = null!;
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _target = await Receiver.StartAsync();
        _area = await _server.AreaAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _area.Dispose();
        await _server.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Each_outcome_is_told_once_and_a_success_after_a_failure_as_a_recovery()
    {
        await _area.RegisterAsync(Documents.Script("p", "exit 1"));
        await PutAsync("pipelines/p", "all", $$"""{"on":["cancelled","failed","recovered","succeeded"],"type":"webhook","url":"{{Url("/p")}}"}""");
        await PutAsync("", "any", $$"""{"on":["failed"],"type":"slack","url":"{{Url("/n")}}"}""");
        await EndAsync("p");
        await _area.RegisterAsync(Documents.Script("p", "true"));
        await EndAsync("p");
        await EndAsync("p");
        await _area.RegisterAsync(Documents.Script("p", "sleep 60"));
        var run = await _area.RunAsync("p");
        await _area.SendAsync(HttpMethod.Post, $"pipelines/p/runs/{run.Number}/cancel");
        await _area.EndAsync(run);

        var ledger = await UntilAsync("pipelines/p", rows => rows.Count == 5 && rows.TrueForAll(r => r.State == "delivered"));
        Assert.Equal(
            [(1, "all", "failed"), (1, "any", "failed"), (2, "all", "recovered"), (3, "all", "succeeded"), (4, "all", "cancelled")],
            ledger.Select(r => (r.Run, r.Notification, r.On)).Order());
        Assert.All(ledger, r => Assert.Equal((1, 200), (r.Attempts, r.Status)));
        Assert.Equal(5, _target.Got.Count);
        var failed = JsonDocument.Parse(_target.Got.Single(g => g.Path == "/p" && g.Headers["Gofer-Event"] == "run.failed").Body).RootElement;
        Assert.Equal(("run.failed", _area.Name, 1), (failed.GetProperty("type").GetString(), failed.GetProperty("namespace").GetString(), failed.GetProperty("run").GetInt32()));
        Assert.Equal("failed", failed.GetProperty("data").GetProperty("on").GetString());
        Assert.Contains("failed", JsonDocument.Parse(_target.Got.Single(g => g.Path == "/n").Body).RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(5, (await LedgerAsync("")).Count);
        Assert.Equal(["any"], (await LedgerAsync("", "?notification=any&state=delivered")).Select(r => r.Notification));
    }

    [Fact]
    public async Task A_run_that_takes_too_long_is_told_of_while_it_runs_and_not_again_when_it_ends()
    {
        await _area.RegisterAsync(Documents.Script("p", "sleep 300"));
        await PutAsync("", "slow", $$"""{"on":["longer_than"],"longer_than":"1s","type":"webhook","url":"{{Url("/")}}"}""");
        var run = await _area.RunAsync("p");
        await UntilAsync("pipelines/p", rows => rows.Exists(r => r is { On: "longer_than", State: "delivered" }));
        Assert.Equal("running", (await _area.SendAsync(HttpMethod.Get, $"pipelines/p/runs/{run.Number}")).Json.GetProperty("state").GetString());
        await _area.SendAsync(HttpMethod.Post, $"pipelines/p/runs/{run.Number}/cancel");
        await _area.EndAsync(run);
        // What is told of the end of the next run is told after all that is told of this one.
        await PutAsync("pipelines/p", "ends", $$"""{"on":["succeeded"],"type":"webhook","url":"{{Url("/")}}"}""");
        await _area.RegisterAsync(Documents.Script("p", "true"));
        await EndAsync("p");
        var rows = await UntilAsync("pipelines/p", r => r.Exists(d => d is { Run: 2, Notification: "ends", State: "delivered" }));
        Assert.Single(rows, r => r.Run == 1);
        Assert.Equal("run.overdue", JsonDocument.Parse(_target.Got.First().Body).RootElement.GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_target_that_is_slow_down_moved_or_private_holds_up_no_other_and_the_ledger_says_what_happened()
    {
        await using var slow = await Receiver.StartAsync();
        slow.Answer = context => Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted);
        await using var moved = await Receiver.StartAsync();
        moved.Answer = context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = Url("/elsewhere");
            return Task.CompletedTask;
        };
        await _area.RegisterAsync(Documents.Script("p", "true"));
        await _area.SendAsync(HttpMethod.Put, "secrets/hook", $$"""{"value":"{{Url("/hidden-B0123456789abcdefghij")}}"}""");
        await _area.SendAsync(HttpMethod.Put, "secrets/key", """{"value":"correct horse"}""");
        foreach (var (name, url) in new[]
        {
            ("a-slow", $"http://localhost:{slow.Port}/"), ("b-slow", $"http://localhost:{slow.Port}/"), ("down", $"http://127.0.0.1:{Closed()}/"),
            ("moved", $"http://127.0.0.1:{moved.Port}/"), ("private", "http://10.0.0.1/"), ("metadata", "http://169.254.169.254/latest"),
            ("nothing", "namespace_secret{{none}}"), ("works", "namespace_secret{{hook}}"),
        })
        {
            await PutAsync("pipelines/p", name, $$"""{"on":["succeeded"],"type":"webhook","url":"{{url}}","secret":"namespace_secret{{"{{"}}key{{"}}"}}"}""");
        }

        await EndAsync("p");
        var began = Stopwatch.GetTimestamp();
        await UntilAsync("pipelines/p", rows => rows.Exists(r => r is { Notification: "works", State: "delivered" }));
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(8), "A slow target held up another.");
        Assert.Contains("Gofer-Signature", Assert.Single(_target.Got).Headers.Keys);

        var ledger = await UntilAsync("pipelines/p", rows => rows.TrueForAll(r => r.Attempts > 0));
        Row Of(string name) => ledger.Single(r => r.Notification == name);
        Assert.Equal(("failed", 302), (Of("moved").State, Of("moved").Status));
        Assert.Equal(("refused", "refused", "failed"), (Of("private").State, Of("metadata").State, Of("nothing").State));
        Assert.Contains("namespace_secret{{none}}", Of("nothing").Message, StringComparison.Ordinal);
        Assert.Equal(("open", "open", "open"), (Of("a-slow").State, Of("b-slow").State, Of("down").State));
        Assert.Single(_target.Got);
        Assert.DoesNotContain("hidden-B", await BodyAsync("pipelines/p/notification-deliveries"), StringComparison.Ordinal);

        // What is deleted tells nothing more.
        await _area.SendAsync(HttpMethod.Delete, "pipelines/p/notifications/down");
        await UntilAsync("pipelines/p", rows => rows.Exists(r => r is { Notification: "down", State: "failed" } && r.Message!.Contains("deleted", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_hosts_that_send_at_the_same_time_send_each_delivery_once()
    {
        var data = Directory.CreateTempSubdirectory("gofer-second-").FullName;
        var scheduler = await SchedulerChoice.FindAsync(SchedulerChoice.Process, null, data, fallBack: false, Ct);
        var second = await ServerHost.StartAsync(
            new ServerPlan
            {
                Settings = new ConfigurationBuilder().AddInMemoryCollection(_server.Settings).Build(),
                Postgres = _server.ConnectionString,
                Keys = TestKeys.Ring,
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Scheduler = scheduler.Value,
            },
            Ct);
        Assert.True(second.IsOk, second.IsOk ? "" : second.Error.Message);
        await using (second.Value)
        {
            await _area.RegisterAsync(Documents.Script("p", "true"));
            foreach (var name in new[] { "a", "b" }) await PutAsync("pipelines/p", name, $$"""{"on":["succeeded"],"type":"webhook","url":"{{Url("/")}}"}""");
            var runs = new List<Gofer.Client.RunView>();
            for (var i = 0; i < 12; i++) runs.Add(await _area.RunAsync("p"));
            foreach (var run in runs) await _area.EndAsync(run);
            await UntilAsync("pipelines/p", rows => rows.Count == 24 && rows.TrueForAll(r => r is { State: "delivered", Attempts: 1 }));
            Assert.Equal(24, _target.Got.Count);
            Assert.Equal(24, _target.Got.Select(g => g.Headers["Idempotency-Key"]).Distinct().Count());
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_notification_is_made_read_replaced_and_deleted_and_shows_no_path_of_its_address()
    {
        await _area.RegisterAsync(Documents.Script("p", "true"));
        const string Body = """{"id":"n","on":["failed"],"type":"slack","url":"https://hooks.example.com/services/T0/B0/s3cr3t"}""";
        foreach (var owner in new[] { "", "pipelines/p/" })
        {
            var made = await _area.SendAsync(HttpMethod.Put, $"{owner}notifications/n", Body);
            Assert.Equal((HttpStatusCode.Created, $"{_area.Path}/{owner}notifications/n"), (made.Status, made.Location!.OriginalString));
            Assert.Equal("https://hooks.example.com/…", made.Json.GetProperty("url").GetString());
            Assert.DoesNotContain("s3cr3t", made.Body + await BodyAsync($"{owner}notifications") + await BodyAsync($"{owner}notifications/n"), StringComparison.Ordinal);
            var replaced = await _area.SendAsync(HttpMethod.Put, $"{owner}notifications/n", Body.Replace("failed", "succeeded", StringComparison.Ordinal), ("If-Match", made.ETag!));
            Assert.Equal((HttpStatusCode.OK, "succeeded"), (replaced.Status, replaced.Json.GetProperty("on")[0].GetString()));
            Assert.Equal(HttpStatusCode.PreconditionFailed, (await _area.SendAsync(HttpMethod.Put, $"{owner}notifications/n", Body, ("If-Match", made.ETag!))).Status);
            Assert.Equal(HttpStatusCode.NoContent, (await _area.SendAsync(HttpMethod.Delete, $"{owner}notifications/n")).Status);
            Assert.Equal("notification_not_found", (await _area.SendAsync(HttpMethod.Get, $"{owner}notifications/n")).Code);
        }

        Assert.Equal(["/id"], (await _area.SendAsync(HttpMethod.Put, "notifications/other", Body)).Pointers);
        Assert.Equal(["/url"], (await _area.SendAsync(HttpMethod.Put, "notifications/n", """{"id":"n","on":["failed"],"type":"slack","url":"pipeline_secret{{x}}"}""")).Pointers);
        Assert.Equal(["/state"], (await _area.SendAsync(HttpMethod.Get, "notification-deliveries?state=sent")).Pointers);
        Assert.DoesNotContain("s3cr3t", (await _area.Http.GetStringAsync(new Uri("/api/v1/audit", UriKind.Relative), Ct)), StringComparison.Ordinal);
    }

    private static int Closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string Url(string path) => $"http://127.0.0.1:{_target.Port}{path}";

    private async Task PutAsync(string owner, string name, string body)
    {
        var put = await _area.SendAsync(HttpMethod.Put, $"{(owner.Length > 0 ? owner + "/" : "")}notifications/{name}", $"{{\"id\":\"{name}\",{body[1..]}");
        Assert.True(put.Status == HttpStatusCode.Created, put.ToString());
    }

    private async Task EndAsync(string pipeline) => await _area.EndAsync(await _area.RunAsync(pipeline));

    private async Task<string> BodyAsync(string path) => (await _area.SendAsync(HttpMethod.Get, path)).Body;

    private async Task<List<Row>> LedgerAsync(string owner, string query = "?limit=100")
    {
        var answer = await _area.SendAsync(HttpMethod.Get, $"{(owner.Length > 0 ? owner + "/" : "")}notification-deliveries{query}");
        return [.. answer.Json.GetProperty("items").EnumerateArray().Select(r => new Row(
            r.GetProperty("run").GetInt32(), r.GetProperty("notification").GetString()!, r.GetProperty("on").GetString()!, r.GetProperty("state").GetString()!,
            r.GetProperty("attempts").GetInt32(), r.GetProperty("last_status") is { ValueKind: JsonValueKind.Number } status ? status.GetInt32() : null,
            r.GetProperty("last_message").GetString()))];
    }

    /// <summary>The ledger, once it is so.</summary>
    private async Task<List<Row>> UntilAsync(string owner, Predicate<List<Row>> isSo)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var rows = await LedgerAsync(owner);
            if (isSo(rows)) return rows;
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(60)) Assert.Fail($"After a minute: {string.Join("; ", rows)}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Ct);
        }
    }

    private sealed record Row(int Run, string Notification, string On, string State, int Attempts, int? Status, string? Message);
}
