using System.Net;
using System.Text.Json;
using Gofer.Api.Access;
using Gofer.Application.Audit;
using Gofer.Domain.Audit;
using Gofer.Tests.Integration.Access;
using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Gofer.Tests.Integration.Serving.Documents;
using AuditView = Gofer.Client.AuditView;

namespace Gofer.Tests.Integration.Audit;

/// <summary>What the audit log has of those who change things, and of those who may not.</summary>
public sealed class AuditTests(SecuredServer secured)
{
    private const string Ns = "/api/v1/namespaces/{0}";

    /// <summary>What no entry is made of: what is in a run's own events or in the ledger of triggers, what changes nothing, and bytes that tasks write by the thousand.</summary>
    private static readonly HashSet<string> s_elsewhere =
    [
        "CreateRun", "CreateRuns", "CancelRun", "RerunRun", "CancelTask", "PutPipelineObject", "DeletePipelineObject", "PutRunObject", "DeleteRunObject",
        "FireTrigger", "ReplayTriggerEvent", "ReceiveHook",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Each change of what there is, in an order in which it can be made, and what the log then has of it.</summary>
    private static (string Operation, HttpMethod Method, string Path, string? Body, string[] Entries)[] Changes(string ns, string role, string token) =>
    [
        ("CreateNamespace", HttpMethod.Post, "/api/v1/namespaces", $$"""{"id":"{{ns}}"}""", [$"namespace.created {ns} - -"]),
        ("PutNamespace", HttpMethod.Put, $"{Ns}", """{"weight":2}""", [$"namespace.updated {ns} - -"]),
        ("PutNamespace", HttpMethod.Put, $"{Ns}", """{"weight":2}""", []), // which is what it is
        ("UpdateNamespace", HttpMethod.Patch, $"{Ns}", """{"task_limit":7}""", [$"namespace.updated {ns} - -"]),
        ("RegisterPipeline", HttpMethod.Put, $"{Ns}/pipelines/p", Script("p", "true"), [$"version.registered {ns} p 1", $"version.deployed {ns} p 1"]),
        ("RegisterPipeline", HttpMethod.Put, $"{Ns}/pipelines/p", Script("p", "false"), [$"version.registered {ns} p 2"]),
        ("RegisterPipeline", HttpMethod.Put, $"{Ns}/pipelines/p?dry_run=true", Script("p", "echo"), []),
        ("DeployVersion", HttpMethod.Post, $"{Ns}/pipelines/p/versions/2/deploy", null, [$"version.deployed {ns} p 2"]),
        ("UpdatePipeline", HttpMethod.Patch, $"{Ns}/pipelines/p", """{"state":"paused"}""", [$"pipeline.paused {ns} p -"]),
        ("UpdatePipeline", HttpMethod.Patch, $"{Ns}/pipelines/p", """{"state":"active"}""", [$"pipeline.resumed {ns} p -"]),
        ("PutPipelineSecret", HttpMethod.Put, $"{Ns}/pipelines/p/secrets/k", """{"value":"correct horse"}""", [$"secret.written {ns} p k"]),
        ("DeletePipelineSecret", HttpMethod.Delete, $"{Ns}/pipelines/p/secrets/k", null, [$"secret.deleted {ns} p k"]),
        ("PutNamespaceSecret", HttpMethod.Put, $"{Ns}/secrets/k", """{"value":"correct horse"}""", [$"secret.written {ns} - k"]),
        ("DeleteNamespaceSecret", HttpMethod.Delete, $"{Ns}/secrets/k", null, [$"secret.deleted {ns} - k"]),
        ("PutGlobalSecret", HttpMethod.Put, $"/api/v1/secrets/{ns}", """{"value":"correct horse","namespaces":["*"]}""", [$"secret.written - - {ns}"]),
        ("DeleteGlobalSecret", HttpMethod.Delete, $"/api/v1/secrets/{ns}", null, [$"secret.deleted - - {ns}"]),
        ("CreateTrigger", HttpMethod.Post, $"{Ns}/pipelines/p/triggers", """{"id":"t","type":"interval","every":"30d"}""", [$"trigger.created {ns} p t"]),
        ("PutTrigger", HttpMethod.Put, $"{Ns}/pipelines/p/triggers/t", """{"id":"t","type":"interval","every":"30d"}""", []), // which is what it does
        ("PutTrigger", HttpMethod.Put, $"{Ns}/pipelines/p/triggers/t", """{"id":"t","type":"interval","every":"20d"}""", [$"trigger.updated {ns} p t"]),
        ("UpdateTrigger", HttpMethod.Patch, $"{Ns}/pipelines/p/triggers/t", """{"enabled":false}""", [$"trigger.updated {ns} p t"]),
        ("UpdateTrigger", HttpMethod.Patch, $"{Ns}/pipelines/p/triggers/t", """{"enabled":false}""", []),
        ("PutTrigger", HttpMethod.Put, $"{Ns}/pipelines/p/triggers/w", """{"id":"w","type":"webhook"}""", [$"trigger.created {ns} p w"]),
        ("RotateTrigger", HttpMethod.Post, $"{Ns}/pipelines/p/triggers/w/rotate", null, [$"trigger.updated {ns} p w"]),
        ("CreateTrigger", HttpMethod.Post, $"{Ns}/pipelines/p/triggers", """{"id":"past","type":"interval","every":"30d","anchor":"2026-01-01T00:00:00Z"}""", [$"trigger.created {ns} p past"]),
        ("CreateBackfill", HttpMethod.Post, $"{Ns}/pipelines/p/triggers/past/backfills?dry_run=true", """{"from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00Z"}""", []),
        ("CreateBackfill", HttpMethod.Post, $"{Ns}/pipelines/p/triggers/past/backfills", """{"from":"2026-01-01T00:00:00Z","to":"2026-10-01T00:00:00Z","parallel":1}""", [$"backfill.created {ns} p past"]),
        ("UpdateBackfill", HttpMethod.Patch, $"{Ns}/pipelines/p/backfills/{{1}}", """{"paused":true}""", [$"backfill.paused {ns} p past"]),
        ("UpdateBackfill", HttpMethod.Patch, $"{Ns}/pipelines/p/backfills/{{1}}", """{"paused":true}""", []),
        ("UpdateBackfill", HttpMethod.Patch, $"{Ns}/pipelines/p/backfills/{{1}}", """{"paused":false}""", [$"backfill.resumed {ns} p past"]),
        ("CancelBackfill", HttpMethod.Post, $"{Ns}/pipelines/p/backfills/{{1}}/cancel", null, [$"backfill.cancelled {ns} p past"]),
        ("CancelBackfill", HttpMethod.Post, $"{Ns}/pipelines/p/backfills/{{1}}/cancel", null, []),
        ("DeleteTrigger", HttpMethod.Delete, $"{Ns}/pipelines/p/triggers/t", null, [$"trigger.deleted {ns} p t"]),
        ("PutNotification", HttpMethod.Put, $"{Ns}/pipelines/p/notifications/n", """{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""", [$"notification.created {ns} p n"]),
        ("PutNotification", HttpMethod.Put, $"{Ns}/pipelines/p/notifications/n", """{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""", []), // which is what it tells
        ("PutNotification", HttpMethod.Put, $"{Ns}/pipelines/p/notifications/n", """{"id":"n","on":["succeeded"],"type":"webhook","url":"http://10.0.0.1/"}""", [$"notification.updated {ns} p n"]),
        ("DeleteNotification", HttpMethod.Delete, $"{Ns}/pipelines/p/notifications/n", null, [$"notification.deleted {ns} p n"]),
        ("PutNamespaceNotification", HttpMethod.Put, $"{Ns}/notifications/n", """{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""", [$"notification.created {ns} - n"]),
        ("PutNamespaceNotification", HttpMethod.Put, $"{Ns}/notifications/n", """{"id":"n","on":["failed"],"type":"webhook","url":"http://10.0.0.1/"}""", []), // which is what it tells
        ("PutNamespaceNotification", HttpMethod.Put, $"{Ns}/notifications/n", """{"id":"n","on":["succeeded"],"type":"webhook","url":"http://10.0.0.1/"}""", [$"notification.updated {ns} - n"]),
        ("DeleteNamespaceNotification", HttpMethod.Delete, $"{Ns}/notifications/n", null, [$"notification.deleted {ns} - n"]),
        ("PutNamespaceSharedTask", HttpMethod.Put, $"{Ns}/shared-tasks/s", """{"version":"1.0","container":{"image":"busybox"}}""", [$"shared_task.registered {ns} - s@1.0"]),
        ("PutNamespaceSharedTask", HttpMethod.Put, $"{Ns}/shared-tasks/s", """{"version":"1.0.0","container":{"image":"busybox"}}""", []), // which is what it is
        ("DeleteNamespaceSharedTask", HttpMethod.Delete, $"{Ns}/shared-tasks/s", null, [$"shared_task.deleted {ns} - s"]),
        ("PutSharedTask", HttpMethod.Put, $"/api/v1/shared-tasks/{ns}", """{"version":"1.0","container":{"image":"busybox"}}""", [$"shared_task.registered - - {ns}@1.0"]),
        ("DeleteSharedTask", HttpMethod.Delete, $"/api/v1/shared-tasks/{ns}", null, [$"shared_task.deleted - - {ns}"]),
        ("InstallExtension", HttpMethod.Post, "/api/v1/extensions", $$"""{"id":"{{ns}}","endpoint":"http://127.0.0.1:9","enabled":false}""", [$"extension.installed - - {ns}"]),
        ("UpdateExtension", HttpMethod.Patch, $"/api/v1/extensions/{ns}", """{"endpoint":"http://127.0.0.1:9"}""", []), // which is where it is
        ("UpdateExtension", HttpMethod.Patch, $"/api/v1/extensions/{ns}", """{"endpoint":"http://127.0.0.1:10"}""", [$"extension.updated - - {ns}"]),
        ("EnableExtension", HttpMethod.Post, $"/api/v1/extensions/{ns}/enable", null, [$"extension.updated - - {ns}"]),
        ("EnableExtension", HttpMethod.Post, $"/api/v1/extensions/{ns}/enable", null, []),
        ("DisableExtension", HttpMethod.Post, $"/api/v1/extensions/{ns}/disable", null, [$"extension.updated - - {ns}"]),
        ("UninstallExtension", HttpMethod.Delete, $"/api/v1/extensions/{ns}", null, [$"extension.uninstalled - - {ns}"]),
        ("PutRole", HttpMethod.Put, $"/api/v1/roles/{role}", """{"permissions":[]}""", [$"role.created - - {role}"]),
        ("PutRole", HttpMethod.Put, $"/api/v1/roles/{role}", """{"permissions":[],"description":"of more"}""", [$"role.updated - - {role}"]),
        ("DeleteRole", HttpMethod.Delete, $"/api/v1/roles/{role}", null, [$"role.deleted - - {role}"]),
        ("UpdateToken", HttpMethod.Patch, $"/api/v1/tokens/{token}", """{"name":"other"}""", [$"token.updated - - {token}"]),
        ("DeleteToken", HttpMethod.Delete, $"/api/v1/tokens/{token}", null, [$"token.deleted - - {token}"]),
        ("UpdateSystem", HttpMethod.Patch, "/api/v1/system", """{"task_limit":0}""", ["system.updated - - -"]),
        ("DeletePipeline", HttpMethod.Delete, $"{Ns}/pipelines/p", null, [$"pipeline.deleted {ns} p -"]),
        ("DeleteNamespace", HttpMethod.Delete, $"{Ns}", null, [$"namespace.deleted {ns} - -"]),
    ];

    [Fact]
    public async Task Every_change_that_a_caller_makes_has_its_entry_and_what_changes_nothing_has_none()
    {
        var (ns, role) = (Name(), Name());
        var (id, token) = await secured.TokenAsync("admin", "1h", "*");
        var (other, _) = await secured.TokenAsync("viewer", "1h", "*");
        var changes = Changes(ns, role, other);
        var operations = secured.Server.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal) && e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods is not ["GET"] and not ["HEAD"] and not ["GET", "HEAD"])
            .Select(e => e.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName).ToHashSet();
        // A new operation that changes something says here what it leaves in the log; the two that make tokens are tried below and by the server's start.
        Assert.Empty(operations.Except(changes.Select(c => c.Operation)).Except(s_elsewhere).Except(["CreateToken", "BootstrapToken"]));

        var backfill = "";
        foreach (var (operation, method, path, body, _) in changes)
        {
            var done = await secured.SendAsync(token, method, path.Replace("{0}", ns, StringComparison.Ordinal).Replace("{1}", backfill, StringComparison.Ordinal), body);
            Assert.True((int)done.Status is 200 or 201 or 204, $"{operation}: {done}");
            if (operation == "CreateBackfill" && done.Location is { } made) backfill = made.OriginalString.Split('/')[^1];
        }

        var entries = await EntriesAsync(e => e.GetProperty("actor").GetString() == id, changes.Sum(c => c.Entries.Length));
        Assert.Equal(changes.SelectMany(c => c.Entries), entries.Select(Told));
        Assert.All(entries, e => Assert.Equal(("done", "a-admin", 32), (e.GetProperty("outcome").GetString(), e.GetProperty("actor_name").GetString(), e.GetProperty("trace_id").GetString()!.Length)));
        Assert.Equal(7, entries.Last(e => e.GetProperty("type").GetString() == "namespace.updated").GetProperty("data").GetProperty("task_limit").GetInt32());
        Assert.DoesNotContain("correct horse", string.Join('\n', entries.Select(e => e.GetRawText())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_noted_with_what_they_allow_and_without_their_texts()
    {
        var (id, token) = await secured.TokenAsync("developer", "1h", "team-*");
        var made = Assert.Single(await EntriesAsync(e => e.GetProperty("subject").GetString() == id, 1));
        Assert.Equal("token.created", made.GetProperty("type").GetString());
        Assert.Equal("team-*", made.GetProperty("data").GetProperty("namespaces")[0].GetString());
        Assert.DoesNotContain(token[21..], made.GetRawText(), StringComparison.Ordinal);
        var first = await EntriesAsync(e => e.GetProperty("type").GetString() == "token.bootstrapped", 1);
        Assert.Equal(JsonValueKind.Null, Assert.Single(first).GetProperty("actor").ValueKind);
    }

    [Fact]
    public async Task Whoever_is_refused_is_noted_with_what_it_wanted()
    {
        var (id, token) = await secured.TokenAsync("viewer", "1h", "default");
        var ns = Name();
        await secured.SendAsync(token, HttpMethod.Put, "/api/v1/namespaces/default/secrets/k", """{"value":"correct horse"}"""); // 403
        await secured.SendAsync(token, HttpMethod.Get, $"/api/v1/namespaces/{ns}/pipelines"); // 404: it does not see it
        var (weak, writer) = await secured.TokenAsync(await RoleAsync(), "1h", "*");
        Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(writer, HttpMethod.Post, "/api/v1/tokens", """{"name":"x","roles":["admin"],"namespaces":["*"],"expires_in":"1h"}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/tokens/{id}")).Status);
        await secured.UntilAsync(HttpStatusCode.Unauthorized, token, "/api/v1/tokens/whoami");

        var denied = await EntriesAsync(e => e.GetProperty("actor").GetString() == id && e.GetProperty("outcome").GetString() == "denied", 2);
        Assert.Equal(["access.denied default - -", $"access.denied {ns} - -"], denied.Select(Told));
        Assert.Equal(("PutNamespaceSecret", "forbidden", "127.0.0.1"), (Data(denied[0], "operation"), Data(denied[0], "code"), Data(denied[0], "address")));
        Assert.Equal(("ListPipelines", "namespace_not_found"), (Data(denied[1], "operation"), Data(denied[1], "code")));
        var widened = Assert.Single(await EntriesAsync(e => e.GetProperty("actor").GetString() == weak, 1));
        Assert.Equal(("CreateToken", "forbidden"), (Data(widened, "operation"), Data(widened, "code")));
        var unknown = await EntriesAsync(e => e.GetProperty("subject").GetString() == id && e.GetProperty("outcome").GetString() == "denied", 1);
        Assert.All(unknown, e => Assert.Equal(("WhoAmI", "unauthenticated"), (Data(e, "operation"), Data(e, "code"))));
    }

    [Fact]
    public async Task Of_somebody_who_is_refused_again_and_again_thirty_are_noted_in_a_minute()
    {
        var (id, token) = await secured.TokenAsync("viewer", "1h", "default");
        for (var i = 0; i < Denials.MostAMinute + 20; i++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(token, HttpMethod.Get, "/api/v1/tokens")).Status);
        }

        await secured.TokenAsync("viewer", "1h", "default"); // whose entry comes after all of those
        var after = await EntriesAsync(e => e.GetProperty("actor").GetString() == id, Denials.MostAMinute);
        Assert.Equal(Denials.MostAMinute, after.Count);
    }

    [Fact]
    public async Task Whoever_follows_the_log_gets_each_entry_once_and_in_order()
    {
        var ns = Name();
        using var http = secured.Http(secured.Admin);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var seen = new List<AuditView>();
        var opened = new TaskCompletionSource();
        var following = Task.Run(async () =>
        {
            await foreach (var entry in new Gofer.Client.GoferClient(http).Streams.AuditAsync("secret.", ns, leave.Token))
            {
                opened.TrySetResult();
                seen.Add(entry);
                if (seen.Count >= 2 && entry.Subject == "last") return;
            }
        }, Ct);
        await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/{ns}");
        // Until the stream is there nobody knows from where it follows.
        for (var i = 0; !opened.Task.IsCompleted; i++)
        {
            await PutAsync($"first-{i}");
            await Task.WhenAny(opened.Task, Task.Delay(200, Ct));
        }

        for (var i = 0; i < 20; i++) await PutAsync($"k{i}");
        await PutAsync("last");
        await following.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(seen.Select(e => e.Seq).Order().Distinct(), seen.Select(e => e.Seq));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"k{i}").Append("last"), seen.Select(e => e.Subject).SkipWhile(s => s!.StartsWith("first", StringComparison.Ordinal)));

        async Task PutAsync(string key) =>
            Assert.Equal(HttpStatusCode.Created, (await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/{ns}/secrets/{key}", """{"value":"correct horse"}""")).Status);
    }

    [Theory]
    [InlineData("/api/v1/audit?limit=0", 422)]
    [InlineData("/api/v1/audit?cursor=!", 400)]
    [InlineData("/api/v1/audit?follow=true&last_event_id=99999999", 400)]
    [InlineData("/api/v1/audit?follow=true&last_event_id=x", 400)]
    public async Task What_cannot_be_asked_of_the_log_is_said(string path, int status) =>
        Assert.Equal(status, (int)(await secured.SendAsync(secured.Admin, HttpMethod.Get, path)).Status);

    [Fact]
    public async Task Pages_of_the_log_hold_every_entry_once_newest_first()
    {
        for (var i = 0; i < 5; i++) await secured.TokenAsync("viewer", "1h", "default");
        var all = (await secured.SendAsync(secured.Admin, HttpMethod.Get, "/api/v1/audit?limit=500&type=token.")).Json.GetProperty("items").EnumerateArray().Select(Seq).ToList();
        var (paged, cursor) = (new List<long>(), (string?)"");
        while (cursor is not null)
        {
            var page = (await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/audit?limit=2&type=token.{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}")).Json;
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(Seq));
            cursor = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(paged.OrderDescending().Distinct(), paged);
        Assert.Subset(paged.ToHashSet(), all.ToHashSet());

        static long Seq(JsonElement e) => e.GetProperty("seq").GetInt64();
    }

    private static string Name() => $"z{System.Security.Cryptography.RandomNumberGenerator.GetHexString(10, lowercase: true)}";

    private static readonly string[] s_told = ["type", "namespace", "pipeline", "subject"];

    private static string Told(JsonElement e) => string.Join(' ', s_told.Select(m => e.GetProperty(m).GetString() ?? "-"));

    private static string? Data(JsonElement e, string member) => e.GetProperty("data").GetProperty(member).GetString();

    private async Task<string> RoleAsync()
    {
        var role = Name();
        var put = await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/roles/{role}", """{"permissions":[{"resources":["tokens"],"actions":["write"],"namespaces":["*"]}]}""");
        Assert.Equal(HttpStatusCode.Created, put.Status);
        return role;
    }

    /// <summary>Those entries, oldest first, once there are so many of them: an entry is listed when it is sealed.</summary>
    private async Task<List<JsonElement>> EntriesAsync(Func<JsonElement, bool> wanted, int count)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var (found, cursor) = (new List<JsonElement>(), "");
            while (cursor is not null)
            {
                var page = (await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/audit?limit=500{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}")).Json;
                found.AddRange(page.GetProperty("items").EnumerateArray().Where(wanted));
                cursor = page.GetProperty("next_cursor").GetString();
            }

            if (found.Count >= count) return [.. found.AsEnumerable().Reverse()];
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"Of {count} entries there are {found.Count}: {string.Join('\n', found)}");
        }
    }
}
