using System.Net;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;

namespace Gofer.Tests.Integration.Api;

/// <summary>Probes, the document, the explorer, and what the server says of itself.</summary>
public sealed class SystemTests(GoferServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_served_document_is_the_checked_in_one()
    {
        using var http = server.Http();
        var served = await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Ct);
        Assert.Equal(await File.ReadAllTextAsync(Repository.PathOf("docs/openapi.json"), Ct), served.ReplaceLineEndings("\n") + "\n");
    }

    [Fact]
    public async Task The_schema_of_the_document_is_served_and_one_who_has_it_is_told_so()
    {
        var path = new Uri("/schemas/pipeline.v1.json", UriKind.Relative);
        using var http = server.Http();
        using var first = await http.GetAsync(path, Ct);
        Assert.Equal((HttpStatusCode.OK, "application/schema+json"), (first.StatusCode, first.Content.Headers.ContentType?.ToString()));
        Assert.True(first.Headers.CacheControl is { Public: true, MaxAge.TotalMinutes: 5 });
        Assert.Equal(await File.ReadAllTextAsync(Repository.PathOf("docs/schemas/pipeline.v1.json"), Ct), await first.Content.ReadAsStringAsync(Ct));
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await http.SendAsync(again, Ct);
        Assert.Equal((HttpStatusCode.NotModified, first.Headers.ETag, ""), (second.StatusCode, second.Headers.ETag, await second.Content.ReadAsStringAsync(Ct)));
    }

    [Fact]
    public async Task The_root_leads_to_the_explorer_which_shows_the_document()
    {
        using var http = server.Http();
        using var root = await http.GetAsync(new Uri("/", UriKind.Relative), Ct);
        Assert.Equal("/swagger/index.html", root.RequestMessage!.RequestUri!.AbsolutePath);
        var page = await root.Content.ReadAsStringAsync(Ct);
        Assert.Contains("swagger-ui", page, StringComparison.Ordinal);
        foreach (var asset in new[] { "swagger-ui-bundle.js", "swagger-ui.css" })
        {
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"/swagger/{asset}", UriKind.Relative), Ct)).StatusCode);
        }

        var script = await http.GetStringAsync(new Uri("/swagger/index.js", UriKind.Relative), Ct);
        Assert.Contains("/openapi/v1.json", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_names_the_database_and_every_loop_with_its_age()
    {
        using var area = await server.AreaAsync();
        Assert.Equal("ok", (await area.SendAsync(HttpMethod.Get, "/healthz")).Body);
        var ready = await area.Client.System.GetReadinessAsync(Ct);
        Assert.True(ready.Ready);
        Assert.Equal("ok", ready.Checks["database"]);
        foreach (var loop in new[] { "EngineLoop", "HeartbeatLoop", "SweepLoop", "StopLoop", "HousekeepingLoop" })
        {
            Assert.Matches(@"^ok, \d+\.\d s ago$", ready.Checks[loop]);
        }
    }

    [Fact]
    public async Task HEAD_answers_what_GET_does_and_no_body()
    {
        using var area = await server.AreaAsync();
        var run = await area.RunScriptAsync("p", "echo ready; sleep 300");
        await area.UntilAsync(run, "t", Client.TaskState.Running);
        var paths = new[] { "/healthz", "/readyz", "/swagger/index.html", "/openapi/v1.json", "/schemas/pipeline.v1.json", "/api/v1/system", "/nothing", area.Path, "pipelines/p", "pipelines/q", "pipelines/p/runs/1/events", "pipelines/p/runs/1/logs" };
        foreach (var path in paths)
        {
            var (get, head) = (await area.SendAsync(HttpMethod.Get, path), await area.SendAsync(HttpMethod.Head, path));
            Assert.Equal((get.Status, get.MediaType, get.ETag, ""), (head.Status, head.MediaType, head.ETag, head.Body));
        }

        // What would be followed is not: the run goes on, and the answer is there.
        foreach (var path in new[] { "pipelines/p/runs/1", "pipelines/p/runs/1/logs", "pipelines/p/runs/1/tasks/t/logs" })
        {
            var head = await area.SendAsync(HttpMethod.Head, $"{path}?follow=true");
            Assert.Equal((HttpStatusCode.OK, "text/event-stream", ""), (head.Status, head.MediaType, head.Body));
        }

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await area.SendAsync(HttpMethod.Head, "pipelines/p/runs/1/cancel")).Status);
        await area.Client.Runs.CancelRunAsync(area.Name, "p", "1", new Client.CancelBody(), Ct);
        await area.EndAsync(run);
    }

    [Fact]
    public async Task A_server_whose_database_is_away_is_not_ready_says_503_and_comes_back()
    {
        var root = Directory.CreateTempSubdirectory("gofer-away-").FullName;
        try
        {
            using var folder = Infrastructure.Postgres.Embedded.DataFolder.Open(root).Value;
            var postgres = (await Infrastructure.Postgres.Embedded.EmbeddedPostgres.StartAsync(folder, new Progress<string>(), Ct)).Value;
            await using var cluster = await GoferCluster.StartAsync(postgres.ConnectionString);
            await cluster.Area.RegisterAsync(Documents.Script("p", "true"));
            await postgres.DisposeAsync();

            var ready = await cluster.Area.SendAsync(HttpMethod.Get, "/readyz");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
            Assert.False(ready.Json.GetProperty("ready").GetBoolean());
            Assert.Equal(HttpStatusCode.OK, (await cluster.Area.SendAsync(HttpMethod.Get, "/healthz")).Status); // restarting it would not help
            var away = await cluster.Area.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pipelines/p/runs");
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "database_unavailable"), (away.Status, away.Code));

            await using var again = (await Infrastructure.Postgres.Embedded.EmbeddedPostgres.StartAsync(folder, new Progress<string>(), Ct)).Value;
            Assert.Equal(HttpStatusCode.OK, (await cluster.Area.SendAsync(HttpMethod.Get, "/readyz")).Status);
            Assert.Equal(HttpStatusCode.Created, (await cluster.Area.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pipelines/p/runs")).Status);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task The_server_says_its_version_scheduler_and_limits()
    {
        using var area = await server.AreaAsync();
        var system = await area.Client.System.GetSystemAsync(Ct);
        Assert.Equal(("process", 1_000, 1_048_576), (system.Scheduler, system.Limits.Tasks, system.Limits.BodyBytes));
        Assert.NotEmpty(system.Version);
    }
}
