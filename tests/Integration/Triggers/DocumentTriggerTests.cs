using System.Net;
using System.Text.Json;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Triggers and notifications that stand in a pipeline's document: those of the live version.</summary>
public sealed class DocumentTriggerTests(GoferServer server) : AreaTest(server)
{
    private const string Daily = """{"id":"daily","type":"cron","expression":"@daily"}""";
    private const string Hook = """{"id":"hook","type":"webhook","params":{"who":{"pointer":"/who","default":"nobody"}}}""";
    private const string Oncall = """{"id":"oncall","on":["failed"],"type":"slack","url":"https://hooks.example.org/x"}""";

    [Fact]
    public async Task The_live_version_s_are_in_force_and_what_the_API_made_beside_them_stays()
    {
        await RegisterAsync($"\"triggers\":[{Daily},{Hook}],\"notifications\":[{Oncall}]");
        await SendAsync(HttpMethod.Put, "triggers/mine", """{"id":"mine","type":"interval","every":"1h"}""", HttpStatusCode.Created);
        Assert.Equal(["daily:document", "hook:document", "mine:api"], await TriggersAsync());
        Assert.Equal(["oncall:document"], await NotificationsAsync());

        await RegisterAsync($"\"triggers\":[{Daily.Replace("@daily", "@weekly", StringComparison.Ordinal)}],\"notifications\":[]", "2");
        Assert.Equal(["daily:document", "mine:api"], await TriggersAsync());
        Assert.Equal("@weekly", (await GetAsync("triggers/daily")).GetProperty("expression").GetString());
        Assert.Empty(await NotificationsAsync());

        // One that says nothing of them leaves them alone; one that wants none ends the document's, and no other.
        await RegisterAsync("\"description\":\"x\"", "3");
        Assert.Equal(["daily:document", "mine:api"], await TriggersAsync());
        await RegisterAsync("\"triggers\":[]", "4");
        Assert.Equal(["mine:api"], await TriggersAsync());

        // A rollback brings the earlier ones back.
        await SendAsync(HttpMethod.Post, "versions/1/deploy", null, HttpStatusCode.OK);
        Assert.Equal(["daily:document", "hook:document", "mine:api"], await TriggersAsync());
        Assert.Equal("@daily", (await GetAsync("triggers/daily")).GetProperty("expression").GetString());
        Assert.Equal(["oncall:document"], await NotificationsAsync());
    }

    [Fact]
    public async Task A_version_that_waits_changes_nothing_and_neither_does_a_dry_run_whose_diff_shows_them()
    {
        await RegisterAsync($"\"triggers\":[{Daily}]");
        var document = Document($"\"triggers\":[{Hook}]");
        var dry = await Area.SendAsync(HttpMethod.Put, "pipelines/p?dry_run=true", document);
        Assert.Equal(
            ["added /triggers/hook", "removed /triggers/daily"],
            dry.Json.GetProperty("diff").EnumerateArray().Select(c => $"{c.GetProperty("kind").GetString()} {c.GetProperty("pointer").GetString()}").Where(c => c.Contains("triggers", StringComparison.Ordinal)));
        Assert.Equal(["daily:document"], await TriggersAsync());
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Put, "pipelines/p", document)).Status);
        Assert.Equal(["daily:document"], await TriggersAsync());
        await SendAsync(HttpMethod.Post, "versions/2/deploy", null, HttpStatusCode.OK);
        Assert.Equal(["hook:document"], await TriggersAsync());
    }

    [Fact]
    public async Task The_API_changes_none_of_them_but_whether_they_are_enabled_which_a_document_that_is_silent_keeps()
    {
        await RegisterAsync($"\"triggers\":[{Daily}],\"notifications\":[{Oncall}]");
        Assert.Equal("trigger_of_document", (await Area.SendAsync(HttpMethod.Put, "pipelines/p/triggers/daily", Daily)).Code);
        Assert.Equal("trigger_of_document", (await Area.SendAsync(HttpMethod.Delete, "pipelines/p/triggers/daily")).Code);
        Assert.Equal("notification_of_document", (await Area.SendAsync(HttpMethod.Put, "pipelines/p/notifications/oncall", Oncall)).Code);
        Assert.Equal("notification_of_document", (await Area.SendAsync(HttpMethod.Delete, "pipelines/p/notifications/oncall")).Code);

        await SendAsync(HttpMethod.Patch, "triggers/daily", """{"enabled":false}""", HttpStatusCode.OK);
        await RegisterAsync($"\"triggers\":[{Daily.Replace("@daily", "@weekly", StringComparison.Ordinal)}]", "2");
        var silent = await GetAsync("triggers/daily");
        Assert.Equal(("@weekly", false), (silent.GetProperty("expression").GetString(), silent.GetProperty("enabled").GetBoolean()));
        await RegisterAsync($"\"triggers\":[{Daily.Replace("}", ",\"enabled\":true}", StringComparison.Ordinal)}]", "3");
        Assert.True((await GetAsync("triggers/daily")).GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task One_that_the_next_version_declares_too_is_the_same_one_and_one_of_another_type_takes_its_name()
    {
        await RegisterAsync($$"""  "triggers":[{{Hook}},{"id":"often","type":"interval","every":"1h"}] """);
        var url = (await SendAsync(HttpMethod.Post, "triggers/hook/rotate", null, HttpStatusCode.OK)).GetProperty("hook").GetString()!;
        var before = await GetAsync("triggers/often");
        await RegisterAsync($$"""  "triggers":[{"id":"often","type":"interval","every":"60m","overlap":"skip"},{{Hook.Replace("nobody", "somebody", StringComparison.Ordinal)}}] """, "2");
        Assert.Equal(before.GetProperty("anchor").GetString(), (await GetAsync("triggers/often")).GetProperty("anchor").GetString());
        Assert.Equal(HttpStatusCode.Accepted, (await Area.SendAsync(HttpMethod.Post, url, "{}")).Status);

        await RegisterAsync("""  "triggers":[{"id":"often","type":"webhook"}] """, "3");
        Assert.Equal(("webhook", JsonValueKind.Null), ((await GetAsync("triggers/often")).GetProperty("type").GetString(), (await GetAsync("triggers/often")).GetProperty("next_at").ValueKind));
    }

    [Fact]
    public async Task A_document_that_names_one_as_the_API_did_is_refused_whole()
    {
        await RegisterAsync("\"description\":\"x\"");
        await SendAsync(HttpMethod.Put, "triggers/daily", """{"id":"daily","type":"interval","every":"1h"}""", HttpStatusCode.Created);
        await SendAsync(HttpMethod.Put, "notifications/oncall", Oncall, HttpStatusCode.Created);
        Assert.Equal("trigger_exists", (await Area.SendAsync(HttpMethod.Put, "pipelines/p?deploy=true", Document($"\"triggers\":[{Daily}]"))).Code);
        Assert.Equal("notification_exists", (await Area.SendAsync(HttpMethod.Put, "pipelines/p?deploy=true", Document($"\"notifications\":[{Oncall}]"))).Code);
        Assert.Equal(["daily:api"], await TriggersAsync());
        Assert.Equal(1, (await GetAsync("versions")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task What_it_follows_must_be_there_and_may_not_follow_it_and_a_version_that_it_pins_must_be_there()
    {
        const string Follow = """  "triggers":[{"id":"a","type":"webhook","version":7},{"id":"b","type":"pipeline","pipeline":"q"}] """;
        var refused = await Area.SendAsync(HttpMethod.Put, "pipelines/p", Document(Follow));
        Assert.Equal(["/triggers/0/version", "/triggers/1/pipeline"], refused.Pointers.Order());
        Assert.Equal("pipeline_not_found", (await Area.SendAsync(HttpMethod.Get, "pipelines/p")).Code);

        await RegisterAsync("\"description\":\"x\"");
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Put, "pipelines/q", Document("""  "triggers":[{"id":"after","type":"pipeline","pipeline":"p"}] """, "q"))).Status);
        var circle = await Area.SendAsync(HttpMethod.Put, "pipelines/p?deploy=true", Document("""  "triggers":[{"id":"b","type":"pipeline","pipeline":"q"}] """));
        Assert.Equal(["/triggers/0/pipeline"], circle.Pointers);
        Assert.Contains("circle", circle.Body, StringComparison.Ordinal);

        // The same document is as good as it was, though what it follows is gone; and it comes back by a rollback.
        await RegisterAsync("\"triggers\":[]", "2", "q");
        await Area.SendAsync(HttpMethod.Delete, "pipelines/p?force=true");
        var back = await Area.SendAsync(HttpMethod.Post, "pipelines/q/versions/1/deploy");
        Assert.True(back.Status == HttpStatusCode.OK, back.Body);
    }

    [Fact]
    public async Task Fifty_is_the_most_with_those_of_the_API()
    {
        await RegisterAsync("\"description\":\"x\"");
        await SendAsync(HttpMethod.Put, "triggers/mine", """{"id":"mine","type":"interval","every":"1h"}""", HttpStatusCode.Created);
        var fifty = string.Join(',', Enumerable.Range(0, 50).Select(i => $$"""{"id":"t{{i}}","type":"webhook"}"""));
        var refused = await Area.SendAsync(HttpMethod.Put, "pipelines/p", Document($"\"triggers\":[{fifty}]"));
        Assert.Equal(["/triggers"], refused.Pointers);
        Assert.Contains("The API made 1 triggers beside the document's 50; at most 50 are allowed together.", refused.Body, StringComparison.Ordinal);
    }

    private static string Document(string members, string id = "p") =>
        $$"""{"id":"{{id}}","params":[{"name":"who","default":"me"}],{{members}},"tasks":[{"id":"a","image":"busybox","command":["true"]}]}""";

    private async Task RegisterAsync(string members, string version = "1", string id = "p")
    {
        var registered = await Area.SendAsync(HttpMethod.Put, $"pipelines/{id}?deploy=true", Document(members, id));
        Assert.True(registered.Status == HttpStatusCode.Created, registered.Body);
        Assert.Equal(version, registered.Json.GetProperty("version").GetRawText());
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body, HttpStatusCode expected)
    {
        var answer = await Area.SendAsync(method, $"pipelines/p/{path}", body);
        Assert.True(answer.Status == expected, answer.Body);
        return answer.Json;
    }

    private async Task<JsonElement> GetAsync(string path) => (await Area.SendAsync(HttpMethod.Get, $"pipelines/p/{path}")).Json;

    private async Task<IEnumerable<string>> TriggersAsync() => Names(await GetAsync("triggers"));

    private async Task<IEnumerable<string>> NotificationsAsync() => Names(await GetAsync("notifications"));

    private static IEnumerable<string> Names(JsonElement page) =>
        page.GetProperty("items").EnumerateArray().Select(t => $"{t.GetProperty("id").GetString()}:{t.GetProperty("source").GetString()}").Order(StringComparer.Ordinal);
}
