using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Backfills over HTTP and at the command line, with a worker that runs what they make.</summary>
public sealed class BackfillApiTests(GoferServer server) : AreaTest(server)
{
    private const string Daily = """{"id":"daily","type":"cron","expression":"0 0 * * *","params":{"who":"trigger"}}""";

    private const string Week = """{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z"}""";

    private const string Where = "pipelines/p/triggers/daily/backfills";

    [Fact]
    public async Task A_week_is_run_end_to_end_and_each_run_is_told_its_day()
    {
        await PlantAsync();
        var made = await Area.SendAsync(HttpMethod.Post, Where, """{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00+00:00","limit":3,"parallel":2,"reverse":true,"version":1,"params":{"who":"me"}}""");
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        var id = made.Json.GetProperty("id").GetString()!;
        Assert.Equal($"{Area.Path}/pipelines/p/backfills/{id}", made.Location!.OriginalString);
        Assert.StartsWith(
            $$"""{"id":"{{id}}","namespace":"{{Area.Name}}","pipeline":"p","trigger":"daily","state":"running","reason":null,"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","limit":3,"parallel":2,"reverse":true,"version":1,"params":{"who":"me"},"total":3,"made":0,"active":0,""",
            made.Body, StringComparison.Ordinal);
        var done = await EndedAsync(id);
        Assert.Equal((BackfillState.Completed, 3, 3, 0), (done.State, done.Total, done.Made, done.Active));
        for (var number = 1; number <= 3; number++)
        {
            var run = await Area.Client.Runs.GetRunAsync(Area.Name, "p", $"{number}", Ct);
            Assert.Equal((RunState.Succeeded, "daily", "pinned", -100), (run.State, run.Trigger, run.VersionReason, run.Priority));
            Assert.Equal($"me 2026-01-{8 - number:00}T00:00:00Z\n", await TextAsync(run));
        }

        var events = (await Area.Client.Triggers.ListTriggerEventsAsync(Area.Name, "p", cancellationToken: Ct)).Items;
        Assert.All(events, e => Assert.Equal(("backfill", Guid.Parse(id), "ran"), (e.Kind, e.Backfill, e.Decision)));
        // One of them once more, as a run of its own.
        var replayed = await Area.Client.Triggers.ReplayTriggerEventAsync(Area.Name, "p", events[0].Id.ToString(), new ReplayBody(), cancellationToken: Ct);
        Assert.Equal(("replay", null), (replayed.Kind, replayed.Backfill));
        Assert.Equal("backfill_ended", (await Area.SendAsync(HttpMethod.Post, $"pipelines/p/backfills/{id}/cancel")).Code);
        Assert.Equal("backfill_ended", (await Area.SendAsync(HttpMethod.Patch, $"pipelines/p/backfills/{id}", """{"paused":true}""")).Code);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_run_and_makes_nothing()
    {
        await PlantAsync();
        var plan = await Area.SendAsync(HttpMethod.Post, $"{Where}?dry_run=true", Week);
        Assert.Equal((HttpStatusCode.OK, """{"total":7,"first":"2026-01-01T00:00:00Z","last":"2026-01-07T00:00:00Z"}"""), (plan.Status, plan.Body));
        plan = await Area.SendAsync(HttpMethod.Post, $"{Where}?dry_run=true", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","reverse":true,"limit":2}""");
        Assert.Equal("""{"total":2,"first":"2026-01-07T00:00:00Z","last":"2026-01-06T00:00:00Z"}""", plan.Body);
        Assert.Equal("""{"items":[],"next_cursor":null}""", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/backfills")).Body);
    }

    [Fact]
    public async Task The_same_request_under_a_key_makes_one_and_another_is_refused()
    {
        await PlantAsync();
        var first = await Area.SendAsync(HttpMethod.Post, Where, Week, ("Idempotency-Key", "a"));
        var again = await Area.SendAsync(HttpMethod.Post, Where, Week, ("Idempotency-Key", "a"));
        Assert.Equal((HttpStatusCode.Created, first.Body, first.Location, true), (again.Status, again.Body, again.Location, again.Replayed));
        Assert.Equal("idempotency_key_reused", (await Area.SendAsync(HttpMethod.Post, Where, """{"from":"2026-01-01T00:00:00Z","to":"2026-01-09T00:00:00Z"}""", ("Idempotency-Key", "a"))).Code);
        Assert.Single((await Area.Client.Triggers.ListBackfillsAsync(Area.Name, "p", cancellationToken: Ct)).Items);
    }

    [Theory]
    [InlineData("{}", "/from", "/to")]
    [InlineData("""{"from":"yesterday","to":"2026-01-08"}""", "/from", "/to")]
    [InlineData("""{"from":"2026-01-08T00:00:00Z","to":"2026-01-01T00:00:00Z"}""", "/to")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2999-01-01T00:00:00Z"}""", "/to")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","limit":0,"parallel":101}""", "/limit", "/parallel")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","limit":10001,"every":"1d"}""", "/limit", "/every")]
    [InlineData("""{"from":"2026-01-01T00:00:01Z","to":"2026-01-01T00:00:02Z"}""", "/from")]
    [InlineData("""{"from":"1980-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}""", "/to")]
    [InlineData("""{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","params":{"whom":"me"}}""", "/params/whom")]
    public async Task What_is_wrong_with_it_is_said_with_its_place(string body, params string[] pointers)
    {
        await PlantAsync();
        foreach (var query in new[] { "", "?dry_run=true" })
        {
            var refused = await Area.SendAsync(HttpMethod.Post, Where + query, body);
            Assert.True(refused.Status == HttpStatusCode.UnprocessableEntity, refused.ToString());
            Assert.Equal(pointers.Order(), refused.Pointers.Order());
        }
    }

    [Fact]
    public async Task What_has_no_past_times_is_refused_by_its_type_and_what_is_not_there_by_its_name()
    {
        await PlantAsync();
        await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"w","type":"webhook"}""");
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/w/backfills", Week);
        Assert.Equal((HttpStatusCode.Conflict, "trigger_has_no_schedule"), (refused.Status, refused.Code));
        Assert.Contains("is of the type 'webhook': it fires when something comes, and has no past times that could be run.", refused.Body, StringComparison.Ordinal);
        Assert.Equal("trigger_not_found", (await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/none/backfills", Week)).Code);
        Assert.Equal("version_not_found", (await Area.SendAsync(HttpMethod.Post, Where, """{"from":"2026-01-01T00:00:00Z","to":"2026-01-08T00:00:00Z","version":9}""")).Code);
        Assert.Equal("backfill_not_found", (await Area.SendAsync(HttpMethod.Get, $"pipelines/p/backfills/{Guid.Empty}")).Code);
        Assert.Equal("backfill_not_found", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/backfills/none")).Code);
    }

    [Fact]
    public async Task They_are_listed_newest_first_by_trigger_and_page_by_page()
    {
        await PlantAsync();
        await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"other","type":"interval","every":"1d","anchor":"2026-01-01T00:00:00Z","params":{"who":"other"}}""");
        var ids = new List<Guid>();
        foreach (var trigger in new[] { "daily", "other", "daily" }) ids.Add((await Area.SendAsync(HttpMethod.Post, $"pipelines/p/triggers/{trigger}/backfills", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}""")).Json.GetProperty("id").GetGuid());
        ids.Reverse();
        var first = await Area.Client.Triggers.ListBackfillsAsync(Area.Name, "p", limit: 2, cancellationToken: Ct);
        var second = await Area.Client.Triggers.ListBackfillsAsync(Area.Name, "p", limit: 2, cursor: first.NextCursor, cancellationToken: Ct);
        Assert.Equal(ids, first.Items.Concat(second.Items).Select(b => b.Id));
        Assert.Null(second.NextCursor);
        Assert.Equal(ids[1], Assert.Single((await Area.Client.Triggers.ListBackfillsAsync(Area.Name, "p", ["other"], cancellationToken: Ct)).Items).Id);
        Assert.Equal(["/trigger"], (await Area.SendAsync(HttpMethod.Get, "pipelines/p/backfills?trigger=a%20b")).Pointers);
    }

    [Fact]
    public async Task The_command_line_makes_one_shows_it_pauses_it_and_cancels_it()
    {
        await PlantAsync();
        var plan = await GoferAsync("trigger", "backfill", "p", "daily", "--from", "2026-01-01", "--to", "2026-01-08T00:00:00Z", "--dry-run");
        Assert.Equal(0, plan.Exit);
        Assert.Matches(@"TIMES\s+FIRST\s+LAST\n7\s+2026-01-01 00:00:00Z\s+2026-01-07 00:00:00Z", plan.Out);
        var made = await GoferAsync("trigger", "backfill", "p", "daily", "--from", "2026-01-01", "--to", "2026-11-01", "--parallel", "1", "-p", "who=cli", "--limit", "200");
        Assert.True(made.Exit == 0, made.Error);
        Assert.Contains("daily", made.Out, StringComparison.Ordinal);
        var id = (await Area.Client.Triggers.ListBackfillsAsync(Area.Name, "p", cancellationToken: Ct)).Items.Single().Id.ToString();
        Assert.Contains($"'gofer backfill get p {id}", made.Error, StringComparison.Ordinal);
        Assert.Equal("cli", (await Area.Client.Triggers.GetBackfillAsync(Area.Name, "p", id, Ct)).Params["who"].ToString());
        Assert.Contains($"The backfill {id} is paused.", (await GoferAsync("backfill", "pause", "p", id)).Error, StringComparison.Ordinal);
        Assert.Matches($@"{id}\s+daily\s+paused\s+\d+/200", (await GoferAsync("backfill", "list", "p", "--trigger", "daily")).Out);
        Assert.Contains("goes on", (await GoferAsync("backfill", "resume", "p", id)).Error, StringComparison.Ordinal);
        Assert.Contains("is cancelled", (await GoferAsync("backfill", "cancel", "p", id)).Error, StringComparison.Ordinal);
        var done = await EndedAsync(id);
        Assert.Equal((BackfillState.Cancelled, Domain.Triggers.Backfill.Asked), (done.State, done.Reason));
        Assert.Matches("\"state\": ?\"cancelled\"", (await GoferAsync("backfill", "get", "p", id, "-o", "json")).Out);

        foreach (var (wrong, words) in new[]
        {
            (new[] { "--from", "yesterday", "--to", "2026-01-08" }, "--from is 'yesterday'; it must be a time such as 2026-01-31T02:30:00Z, or a date such as 2026-01-31."),
            (["--from", "2026-01-01"], "--to"),
            (["--from", "2026-01-01", "--to", "2026-01-08", "--parallel", "101"], "--parallel must be from 1 to 100."),
            (["--from", "2026-01-01", "--to", "2026-01-08", "--limit", "0"], "--limit must be from 1 to 10000."),
        })
        {
            var refused = await GoferAsync(["trigger", "backfill", "p", "daily", .. wrong]);
            Assert.Equal(2, refused.Exit);
            Assert.Contains(words, refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await GoferAsync("backfill", "get", "p", "7")).Exit);
    }

    private async Task PlantAsync()
    {
        await Area.RegisterAsync(Documents.With("""
            "params":[{"name":"who","type":"string"}]
            """, Documents.Of("p", Documents.Step("t", "echo \"$WHO $GOFER_SCHEDULED_FOR\"").And("""
            "variables":{"WHO":"param{{who}}"}
            """))));
        var made = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", Daily);
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
    }

    private async Task<BackfillView> EndedAsync(string id)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(20, Ct))
        {
            var backfill = await Area.Client.Triggers.GetBackfillAsync(Area.Name, "p", id, Ct);
            if (backfill.EndedAt is not null) return backfill;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"It never ends: {backfill}");
        }
    }

    private Task<(int Exit, string Out, string Error)> GoferAsync(params string[] arguments) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", Server.Url.ToString()), ("GOFER_NAMESPACE", Area.Name)]);
}
