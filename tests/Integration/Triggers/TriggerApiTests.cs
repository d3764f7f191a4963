using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Domain.Triggers.Hooks;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Triggers over HTTP, with a worker that decides.</summary>
public sealed class TriggerApiTests(GoferServer server) : AreaTest(server)
{
    private const string Nightly = """
        {"id":"nightly","type":"cron","expression":"30 2 * * *","zone":"Europe/Berlin"}
        """;

    [Fact]
    public async Task A_schedule_is_made_read_replaced_disabled_and_deleted()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var made = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", Nightly);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal($"{Area.Path}/pipelines/p/triggers/nightly", made.Location!.OriginalString);
        Assert.Equal(
            ("cron", true, "api", "shift", "last", "allow", "0s"),
            (Text(made, "type"), made.Json.GetProperty("enabled").GetBoolean(), Text(made, "source"), Text(made, "dst"), Text(made, "catch_up"), Text(made, "overlap"), Text(made, "jitter")));
        Assert.Equal("trigger_exists", (await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", Nightly)).Code);

        var listed = await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers");
        Assert.Equal("nightly", listed.Json.GetProperty("items")[0].GetProperty("id").GetString());
        var replaced = await Area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/nightly", Nightly.Replace("30 2", "0 4", StringComparison.Ordinal), ("If-Match", made.ETag!));
        Assert.Equal((HttpStatusCode.OK, "0 4 * * *"), (replaced.Status, Text(replaced, "expression")));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/nightly", Nightly, ("If-Match", made.ETag!))).Status);

        var disabled = await Area.SendAsync(HttpMethod.Patch, "pipelines/p/triggers/nightly", """{"enabled":false}""");
        Assert.Equal((false, JsonValueKind.Null), (disabled.Json.GetProperty("enabled").GetBoolean(), disabled.Json.GetProperty("next_at").ValueKind));
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, "pipelines/p/triggers/nightly")).Status);
        Assert.Equal("trigger_not_found", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/nightly")).Code);
    }

    [Fact]
    public async Task A_preview_says_the_next_times_over_a_change_of_the_clock()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", Nightly);
        var preview = await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/nightly/preview?count=3&after=2027-03-27T00:00:00Z");
        Assert.Equal("""{"items":["2027-03-27T01:30:00Z","2027-03-28T01:30:00Z","2027-03-29T00:30:00Z"]}""", preview.Body);
        Assert.Equal(["/count"], (await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/nightly/preview?count=1001")).Pointers);
        await HookAsync("""{"id":"w","type":"webhook"}""");
        Assert.Equal("trigger_has_no_schedule", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/w/preview")).Code);
    }

    [Theory]
    [InlineData("""{"id":"t","type":"cron"}""", "/expression")]
    [InlineData("""{"id":"t","type":"cron","expression":"* * * * * *"}""", "/expression")]
    [InlineData("""{"id":"t","type":"cron","expression":"0 0 * * *","zone":"Europe/Berln"}""", "/zone")]
    [InlineData("""{"id":"t","type":"interval","every":"5s"}""", "/every")]
    [InlineData("""{"id":"manual","type":"webhook"}""", "/id")]
    [InlineData("""{"id":"t","type":"webhook","expression":"@daily"}""", "/expression")]
    [InlineData("""{"id":"t","type":"webhook","version":7}""", "/version")]
    [InlineData("""{"id":"t","type":"github","events":["pusch"]}""", "/secret", "/events/0")]
    [InlineData("""{"id":"t","type":"pipeline","pipeline":"none"}""", "/pipeline")]
    [InlineData("""{"id":"t","type":"pipeline","pipeline":"p"}""", "/pipeline")]
    public async Task What_is_wrong_with_a_trigger_is_said_with_its_place(string trigger, params string[] pointers)
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", trigger);
        Assert.True(refused.Status == HttpStatusCode.UnprocessableEntity, refused.ToString());
        Assert.Equal(pointers.Order(), refused.Pointers.Order());
    }

    [Fact]
    public async Task Pipelines_that_follow_each_other_in_a_circle_are_refused_with_the_way_that_it_goes()
    {
        foreach (var id in new[] { "a", "b", "c" }) await Area.RegisterAsync(Documents.Script(id, "true"));
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Post, "pipelines/b/triggers", """{"id":"t","type":"pipeline","pipeline":"a"}""")).Status);
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Post, "pipelines/c/triggers", """{"id":"t","type":"pipeline","pipeline":"b"}""")).Status);
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/a/triggers", """{"id":"t","type":"pipeline","pipeline":"c"}""");
        Assert.Equal(["/pipeline"], refused.Pointers);
        Assert.Contains($"{Area.Name}/a follows {Area.Name}/c, which follows {Area.Name}/b, which follows {Area.Name}/a", refused.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_runs_the_pipeline_and_its_url_is_shown_once()
    {
        await Area.RegisterAsync(Documents.With("""
            "params":[{"name":"who","type":"string"}]
            """, Documents.Of("p", Documents.Step("t", "echo \"$WHO $GOFER_TRIGGER_ID\"").And("""
            "variables":{"WHO":"param{{who}}"}
            """))));
        var hook = await HookAsync("""{"id":"w","type":"webhook","params":{"who":{"pointer":"/user/name"}}}""");
        Assert.Matches("^/api/v1/hooks/[0-9a-f]{64}$", hook);
        Assert.Equal(JsonValueKind.Null, (await Area.SendAsync(HttpMethod.Get, "pipelines/p/triggers/w")).Json.GetProperty("hook").ValueKind);
        var sent = await Area.SendAsync(HttpMethod.Post, hook, """{"user":{"name":"Ada"}}""");
        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        var e = await DecidedAsync("p", Text(sent, "id")!);
        Assert.Equal((Decisions.Ran, "w"), (Text(e, "decision"), Text(e, "trigger")));
        var run = await Area.EndAsync(await Area.Client.Runs.GetRunAsync(Area.Name, "p", Number(e), Ct));
        Assert.Equal("Ada w\n", await TextAsync(run));
        Assert.Equal("w", run.Trigger);
        Assert.Equal("""{"user":{"name":"Ada"}}""", Text(e, "body"));

        var rotated = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/w/rotate");
        Assert.Equal("hook_not_found", (await Area.SendAsync(HttpMethod.Post, hook, "{}")).Code);
        Assert.Equal(HttpStatusCode.Accepted, (await Area.SendAsync(HttpMethod.Post, Text(rotated, "hook")!, """{"user":{"name":"Ada"}}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, "pipelines/p")).Status is var gone && gone == HttpStatusCode.Conflict
            ? (await Area.SendAsync(HttpMethod.Delete, "pipelines/p?force=true")).Status : gone);
        Assert.Equal("hook_not_found", (await Area.SendAsync(HttpMethod.Post, Text(rotated, "hook")!, "{}")).Code);
    }

    [Fact]
    public async Task A_signed_webhook_takes_what_is_signed_once_and_stores_nothing_else()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        await Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/key", """{"value":"s3cr3t"}""");
        var hook = await HookAsync("""{"id":"w","type":"webhook","signature":{"secret":"pipeline_secret{{key}}"}}""");
        var signed = GoferSignature.Of("s3cr3t"u8, TimeProvider.System.GetUtcNow(), "{}"u8);
        var sent = await Area.SendAsync(HttpMethod.Post, hook, "{}", ("Gofer-Signature", signed));
        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        var again = await Area.SendAsync(HttpMethod.Post, hook, "{}", ("Gofer-Signature", signed), ("X-Other", "1"));
        Assert.Equal(Decisions.Ran, Text(await DecidedAsync("p", Text(sent, "id")!), "decision"));
        var second = await DecidedAsync("p", Text(again, "id")!);
        Assert.Equal((Decisions.Deduplicated, Text(sent, "id")), (Text(second, "decision"), Text(second, "duplicate_of")));
        Assert.DoesNotContain("v1=", second.Body, StringComparison.Ordinal);

        foreach (var wrong in new[] { GoferSignature.Of("other"u8, TimeProvider.System.GetUtcNow(), "{}"u8), GoferSignature.Of("s3cr3t"u8, TimeProvider.System.GetUtcNow(), "{ }"u8), GoferSignature.Of("s3cr3t"u8, TimeProvider.System.GetUtcNow().AddMinutes(-6), "{}"u8), "nonsense" })
        {
            var refused = await Area.SendAsync(HttpMethod.Post, hook, "{}", ("Gofer-Signature", wrong));
            Assert.Equal((HttpStatusCode.Unauthorized, "signature_invalid"), (refused.Status, refused.Code));
        }

        Assert.Equal("signature_invalid", (await Area.SendAsync(HttpMethod.Post, hook, "{}")).Code);
        await Area.SendAsync(HttpMethod.Delete, "pipelines/p/secrets/key");
        Assert.Equal("store_unavailable", (await Area.SendAsync(HttpMethod.Post, hook, "{}", ("Gofer-Signature", signed))).Code);
        Assert.Equal(2, (await Area.SendAsync(HttpMethod.Get, "pipelines/p/trigger-events")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task GitHubs_events_run_by_event_action_and_branch_and_a_delivery_that_comes_again_does_not()
    {
        await Area.RegisterAsync(Documents.Script("p", "echo $GITHUB_EVENT $GITHUB_SHA"));
        await Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/github", """{"value":"hub"}""");
        var hook = await HookAsync("""{"id":"g","type":"github","secret":"pipeline_secret{{github}}","events":["push","pull_request/opened"],"branches":["main"]}""");
        const string Push = """{"ref":"refs/heads/main","before":"0000","after":"abcd","repository":{"full_name":"o/r"},"sender":{"login":"ada"}}""";
        var push = await SendAsync("push", Push, "d1");
        Assert.Equal(Decisions.Ran, Text(push, "decision"));
        Assert.Equal("push abcd\n", await TextAsync(await Area.EndAsync(await Area.Client.Runs.GetRunAsync(Area.Name, "p", Number(push), Ct))));
        Assert.Equal(Decisions.Deduplicated, Text(await SendAsync("push", Push, "d1"), "decision"));
        Assert.Equal(Decisions.Filtered, Text(await SendAsync("push", Push.Replace("heads/main", "heads/x", StringComparison.Ordinal), "d2"), "decision"));
        Assert.Equal(Decisions.Filtered, Text(await SendAsync("pull_request", """{"action":"closed","pull_request":{"base":{"ref":"main"}}}""", "d3"), "decision"));
        Assert.Equal(Decisions.Filtered, Text(await SendAsync("ping", """{"zen":"…"}""", "d4"), "decision"));
        Assert.Equal(Decisions.Ran, Text(await SendAsync("pull_request", """{"action":"opened","number":3,"pull_request":{"number":3,"base":{"ref":"main"},"head":{"sha":"ef","ref":"x"}}}""", "d5"), "decision"));

        async Task<Answer> SendAsync(string kind, string body, string delivery)
        {
            var signature = Convert.ToHexStringLower(HMACSHA256.HashData("hub"u8, Encoding.UTF8.GetBytes(body)));
            var sent = await Area.SendAsync(HttpMethod.Post, hook, body, ("X-Hub-Signature-256", $"sha256={signature}"), ("X-GitHub-Event", kind), ("X-GitHub-Delivery", delivery));
            Assert.True(sent.Status == HttpStatusCode.Accepted, sent.ToString());
            return await DecidedAsync("p", Text(sent, "id")!);
        }
    }

    [Fact]
    public async Task Five_mebibytes_are_taken_and_one_byte_more_is_refused()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var hook = await HookAsync("""{"id":"w","type":"webhook","filter":[{"pointer":"/a","exists":true}]}""");
        var most = $"\"{new string('x', (5 * 1024 * 1024) - 2)}\"";
        var sent = await Area.SendAsync(HttpMethod.Post, hook, most);
        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        Assert.Equal(Decisions.Filtered, Text(await DecidedAsync("p", Text(sent, "id")!), "decision"));
        Assert.Equal("payload_too_large", (await Area.SendAsync(HttpMethod.Post, hook, most + " ")).Code);
    }

    [Fact]
    public async Task Firing_by_hand_twice_under_one_key_is_one_event_and_its_parameters_stand_in_place_of_the_triggers()
    {
        await Area.RegisterAsync(Documents.With("""
            "params":[{"name":"region","type":"string"}]
            """, Documents.Script("p", "true")));
        await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"t","type":"interval","every":"30d","params":{"region":"eu"}}""");
        var fired = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/t/fire", """{"params":{"region":"us"}}""", ("Idempotency-Key", "k"));
        var again = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/t/fire", """{"params":{"region":"us"}}""", ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Accepted, true, fired.Body), (again.Status, again.Replayed, again.Body));
        Assert.Equal("idempotency_key_reused", (await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers/t/fire", "{}", ("Idempotency-Key", "k"))).Code);
        var e = await DecidedAsync("p", Text(fired, "id")!);
        var run = await Area.Client.Runs.GetRunAsync(Area.Name, "p", Number(e), Ct);
        Assert.Equal(("us", "t", "manual"), (run.Params["region"].GetString(), run.Trigger, Text(e, "kind")));
        Assert.Single((await Area.SendAsync(HttpMethod.Get, "pipelines/p/trigger-events")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task An_event_is_replayed_by_what_the_trigger_does_now_into_a_version_that_is_named_or_only_planned()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var hook = await HookAsync("""{"id":"w","type":"webhook","filter":[{"pointer":"/go","equals":true}]}""");
        var sent = await Area.SendAsync(HttpMethod.Post, hook, """{"go":false}""");
        var id = Text(sent, "id")!;
        Assert.Equal(Decisions.Filtered, Text(await DecidedAsync("p", id), "decision"));
        var plan = await Area.SendAsync(HttpMethod.Post, $"pipelines/p/trigger-events/{id}/replay?dry_run=true");
        Assert.Equal((HttpStatusCode.OK, Decisions.Filtered), (plan.Status, Text(plan, "decision")));
        await Area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/w", """{"id":"w","type":"webhook","filter":[{"pointer":"/go","exists":true}]}""");
        await Area.RegisterAsync(Documents.Script("p", "echo two"));
        plan = await Area.SendAsync(HttpMethod.Post, $"pipelines/p/trigger-events/{id}/replay?dry_run=true", """{"version":1}""");
        Assert.Equal((Decisions.Ran, 1), (Text(plan, "decision"), plan.Json.GetProperty("version").GetInt32()));
        Assert.Single((await Area.SendAsync(HttpMethod.Get, "pipelines/p/trigger-events")).Json.GetProperty("items").EnumerateArray());
        var replayed = await Area.SendAsync(HttpMethod.Post, $"pipelines/p/trigger-events/{id}/replay", """{"version":1}""");
        var e = await DecidedAsync("p", Text(replayed, "id")!);
        Assert.Equal((Decisions.Ran, id, 1), (Text(e, "decision"), Text(e, "replay_of"), e.Json.GetProperty("run_version").GetInt32()));
        Assert.Equal("version_not_found", (await Area.SendAsync(HttpMethod.Post, $"pipelines/p/trigger-events/{id}/replay", """{"version":9}""")).Code);
        Assert.Equal("trigger_event_not_found", (await Area.SendAsync(HttpMethod.Post, $"pipelines/p/trigger-events/{Guid.Empty}/replay")).Code);
    }

    [Fact]
    public async Task The_ledger_is_listed_newest_first_by_trigger_and_by_decision_page_by_page()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var (one, two) = (await HookAsync("""{"id":"one","type":"webhook"}"""), await HookAsync("""{"id":"two","type":"webhook","filter":[{"pointer":"/x","exists":true}]}"""));
        var ids = new List<string>();
        foreach (var hook in new[] { one, two, one, two, one })
        {
            ids.Add(Text(await Area.SendAsync(HttpMethod.Post, hook, "{}"), "id")!);
            await DecidedAsync("p", ids[^1]);
        }

        ids.Reverse();
        Assert.Equal(ids, await ListAsync("limit=2"));
        Assert.Equal([ids[1], ids[3]], await ListAsync("trigger=two"));
        Assert.Equal([ids[1], ids[3]], await ListAsync("decision=filtered&decision=open&limit=1"));
        Assert.Equal(["/decision"], (await Area.SendAsync(HttpMethod.Get, "pipelines/p/trigger-events?decision=run")).Pointers);

        async Task<List<string>> ListAsync(string query)
        {
            var found = new List<string>();
            for (string? cursor = null; ;)
            {
                var page = (await Area.SendAsync(HttpMethod.Get, $"pipelines/p/trigger-events?{query}{(cursor is null ? "" : $"&cursor={cursor}")}")).Json;
                found.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()!));
                if ((cursor = page.GetProperty("next_cursor").GetString()) is null) return found;
            }
        }
    }

    /// <summary>But for the one that is given to who guesses on, which would be given to every other test of this address too.</summary>
    [Fact]
    public async Task The_answers_are_those_of_the_guide()
    {
        await Area.RegisterAsync(Documents.Script("p", "true"));
        var (open, signed) = (await HookAsync("""{"id":"o","type":"webhook"}"""), await HookAsync("""{"id":"s","type":"webhook","signature":{"secret":"pipeline_secret{{key}}"}}"""));
        var answers = new List<Answer> { await Area.SendAsync(HttpMethod.Post, open, "{}"), await Area.SendAsync(HttpMethod.Post, signed, "{}") };
        await Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/key", """{"value":"s3cr3t"}""");
        answers.Add(await Area.SendAsync(HttpMethod.Post, signed, "{}"));
        answers.Add(await Area.SendAsync(HttpMethod.Post, $"/api/v1/hooks/{new string('0', 64)}", "{}"));
        answers.Add(await Area.SendAsync(HttpMethod.Post, open, $"\"{new string('x', (5 * 1024 * 1024) - 1)}\""));
        var guide = Support.Repository.PathOf("docs/guides/webhooks.md");
        var rows = (await File.ReadAllTextAsync(guide, Ct)).Split("## Answers")[1].Split("\n## ")[0].Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(l[2]))
            .Select(l => l.Split('|')).Select(c => (int.Parse(c[1], CultureInfo.InvariantCulture), c[2].Trim(' ', '`'))).ToList();
        Assert.Equal(
            rows.Where(r => r.Item1 != 429).Order(),
            answers.Select(a => ((int)a.Status, a.Status == HttpStatusCode.Accepted ? "" : a.Code!)).Order());
    }

    private async Task<string> HookAsync(string trigger)
    {
        var made = await Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", trigger);
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        return Text(made, "hook")!;
    }

    /// <summary>The event once it is decided.</summary>
    private async Task<Answer> DecidedAsync(string pipeline, string id)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(20, Ct))
        {
            var e = await Area.SendAsync(HttpMethod.Get, $"pipelines/{pipeline}/trigger-events/{id}");
            if (Text(e, "decision") is not null) return e;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"Nothing was decided: {e}");
        }
    }

    private static string? Text(Answer answer, string member) => answer.Json.TryGetProperty(member, out var value) ? value.GetString() : throw new InvalidOperationException(answer.ToString());

    private static string Number(Answer e) => e.Json.GetProperty("run").GetInt64().ToString(CultureInfo.InvariantCulture);
}
