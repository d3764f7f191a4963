using System.Globalization;
using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Exactly once: a key makes one run, and every follower sees every event once and in one order.</summary>
public sealed class OnceTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Fifty_requests_at_once_with_one_key_make_one_run()
    {
        await _area.RegisterAsync(Script("p", "true"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", "{}", ("Idempotency-Key", "k-1"))));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.Status));
        Assert.Single(answers.Select(a => a.Body).Distinct());
        Assert.Single(answers.Select(a => a.Location).Distinct());
        Assert.Equal(49, answers.Count(a => a.Replayed));
        Assert.Single((await _area.Client.Runs.ListRunsAsync(_area.Name, "p", cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task A_key_with_another_body_is_a_conflict_and_on_another_route_a_key_of_its_own()
    {
        await _area.RegisterAsync(Script("p", "true"));
        await _area.RegisterAsync(Script("q", "true"));
        Assert.Equal(HttpStatusCode.Created, (await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", "{}", ("Idempotency-Key", "k"))).Status);
        var other = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"labels":{"a":"b"}}""", ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Conflict, "idempotency_key_reused"), (other.Status, other.Code));
        var elsewhere = await _area.SendAsync(HttpMethod.Post, "pipelines/q/runs", "{}", ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Created, false), (elsewhere.Status, elsewhere.Replayed));
    }

    [Fact]
    public async Task A_refused_request_does_not_use_its_key_up()
    {
        await _area.RegisterAsync(Script("p", "true"));
        await _area.Client.Pipelines.UpdatePipelineAsync(_area.Name, "p", new PipelineBody { State = PipelineState.Paused }, Ct);
        Assert.Equal("pipeline_paused", (await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", "{}", ("Idempotency-Key", "k"))).Code);
        await _area.Client.Pipelines.UpdatePipelineAsync(_area.Name, "p", new PipelineBody { State = PipelineState.Active }, Ct);
        var taken = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", "{}", ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Created, false), (taken.Status, taken.Replayed));
    }

    /// <summary>Forty tasks that end at the same time write the events; one follower is cut off again and again, the other never.</summary>
    [Fact]
    public async Task Followers_see_every_event_once_and_in_one_order_over_reconnects_while_twenty_writers_commit()
    {
        var gate = Path.Combine(Path.GetTempPath(), $"gofer-gate-{_area.Name}");
        await _area.RegisterAsync(Of("p", [.. Enumerable.Range(0, 40).Select(i => Step($"t{i}", $"while [ ! -e {gate} ]; do sleep 0.02; done"))]));
        var run = await _area.RunAsync("p");
        var others = Enumerable.Range(0, 20).Select(async i =>
        {
            // 20 writers of other runs in the same tables, so that transactions overlap and commit out of order
            await _area.RegisterAsync(Script($"w{i}", "true"));
            for (var n = 0; n < 5; n++) await _area.EndAsync(await _area.RunAsync($"w{i}"));
        }).ToList();

        var steady = StoryAsync();
        var cutOff = CutOffAsync();
        await File.WriteAllTextAsync(gate, "", Ct);
        await Task.WhenAll(others);
        await _area.EndAsync(run);
        var (one, two) = (await steady, await cutOff);
        File.Delete(gate);

        var stored = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _area.Client.Runs.ListRunEventsAsync(_area.Name, "p", "1", limit: 50, cursor: cursor, cancellationToken: Ct);
            stored.AddRange(page.Items.Select(e => $"{e.Seq} {e.Type} {e.Task}"));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(2 + (40 * 4) + 1, stored.Count);
        Assert.Equal(stored, one);
        Assert.Equal(stored, two);
    }

    [Fact]
    public async Task A_follower_rides_over_a_restart_of_the_server()
    {
        await using var own = new GoferServer();
        await own.InitializeAsync();
        using var area = await own.AreaAsync();
        var gate = Path.Combine(Path.GetTempPath(), $"gofer-gate-{area.Name}");
        var run = await area.RunScriptAsync("p", $"echo before; while [ ! -e {gate} ]; do sleep 0.05; done; echo after");
        await area.UntilAsync(run, "t", TaskState.Running);
        var events = new List<EventView>();
        var lines = new List<string?>();
        var following = Task.Run(
            async () =>
            {
                await foreach (var line in area.Client.Streams.LogsAsync(area.Name, "p", "1", "t", cancellationToken: Ct)) lines.Add(line.Text);
                await foreach (var e in area.Client.Streams.EventsAsync(area.Name, "p", "1", Ct)) events.Add(e);
            },
            Ct);
        while (lines.Count == 0) await Task.Yield();
        await own.RestartAsync();
        await File.WriteAllTextAsync(gate, "", Ct);
        await following;
        File.Delete(gate);

        Assert.Equal(["before", "after"], lines);
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.Seq));
        Assert.Equal("run.succeeded", events[^1].Type);
        Assert.Contains(events, e => e.Type == "task.adopted"); // handed over and taken up again, not started a second time
        Assert.Equal(1, (await area.TasksAsync(run))["t"].Attempt);
    }

    private async Task<List<string>> StoryAsync()
    {
        var story = new List<string>();
        await foreach (var e in _area.Client.Streams.EventsAsync(_area.Name, "p", "1", Ct)) story.Add($"{e.Seq} {e.Type} {e.Task}");
        return story;
    }

    /// <summary>Reads by hand and leaves after every seventh event, to come back with the last id.</summary>
    private async Task<List<string>> CutOffAsync()
    {
        var story = new List<string>();
        for (string? last = null; ;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{_area.Path}/pipelines/p/runs/1/events?follow=true");
            if (last is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
            using var response = await _area.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
            for (var (seen, type) = (0, ""); seen < 7;)
            {
                if (await reader.ReadLineAsync(Ct) is not { } line) break;
                if (line.StartsWith("event: ", StringComparison.Ordinal)) type = line[7..];
                if (type == "end") return story;
                if (line.StartsWith("id: ", StringComparison.Ordinal)) last = line[4..];
                if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
                using var json = System.Text.Json.JsonDocument.Parse(line[6..]);
                var root = json.RootElement;
                story.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{root.GetProperty("seq").GetInt32()} {root.GetProperty("type").GetString()} {(root.TryGetProperty("task", out var task) ? task.GetString() : null)}"));
                seen++;
            }
        }
    }
}
