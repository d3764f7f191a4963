using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Npgsql;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Namespaces, pipelines and versions: making, replacing, listing, deleting, and the conditions for each.</summary>
public sealed class ResourceTests(GoferServer server) : IAsyncLifetime
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
    public async Task The_default_namespace_is_there_from_the_start() =>
        Assert.Equal("default", (await _area.Client.Namespaces.GetNamespaceAsync("default", Ct)).Id);

    [Fact]
    public async Task A_namespace_is_made_once_and_put_as_often_as_one_likes()
    {
        Assert.Equal(HttpStatusCode.Conflict, (await _area.SendAsync(HttpMethod.Post, "/api/v1/namespaces", $$"""{"id":"{{_area.Name}}"}""")).Status);
        var put = await _area.SendAsync(HttpMethod.Put, _area.Path, """{"description":"ours"}""");
        Assert.Equal((HttpStatusCode.OK, "ours"), (put.Status, put.Json.GetProperty("description").GetString()));
        var made = await _area.SendAsync(HttpMethod.Put, $"/api/v1/namespaces/{_area.Name}b", "{}");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _area.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{_area.Name}b")).Status);
        var gone = await _area.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{_area.Name}b");
        Assert.Equal((HttpStatusCode.NotFound, "namespace_not_found"), (gone.Status, gone.Code));
    }

    [Fact]
    public async Task If_Match_that_does_not_match_changes_nothing()
    {
        var first = await _area.SendAsync(HttpMethod.Get, _area.Path);
        Assert.NotNull(first.ETag);
        var changed = await _area.SendAsync(HttpMethod.Patch, _area.Path, """{"description":"new"}""", ("If-Match", first.ETag!));
        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.NotEqual(first.ETag, changed.ETag);
        foreach (var (method, body) in new[] { (HttpMethod.Patch, """{"description":"late"}"""), (HttpMethod.Put, """{"description":"late"}"""), (HttpMethod.Delete, (string?)null) })
        {
            var stale = await _area.SendAsync(method, _area.Path, body, ("If-Match", first.ETag!));
            Assert.Equal((HttpStatusCode.PreconditionFailed, "precondition_failed"), (stale.Status, stale.Code));
        }

        Assert.Equal("new", (await _area.Client.Namespaces.GetNamespaceAsync(_area.Name, Ct)).Description);
    }

    [Fact]
    public async Task If_Match_of_something_that_is_not_there_makes_nothing()
    {
        foreach (var (path, body) in new[] { ("pipelines/p", Script("p", "true")), ($"{_area.Path}x", "{}") })
        {
            foreach (var tag in new[] { "*", "\"0\"", "\"1\"" })
            {
                var refused = await _area.SendAsync(HttpMethod.Put, path, body, ("If-Match", tag));
                Assert.Equal((HttpStatusCode.PreconditionFailed, "precondition_failed"), (refused.Status, refused.Code));
                Assert.DoesNotContain("\"0\"", refused.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
            }

            Assert.Equal(HttpStatusCode.NotFound, (await _area.SendAsync(HttpMethod.Get, path)).Status);
        }
    }

    [Fact]
    public async Task A_registration_answers_the_tag_that_the_next_one_may_demand()
    {
        Assert.Null((await _area.SendAsync(HttpMethod.Put, "pipelines/p?dry_run=true", Script("p", "true"))).ETag);
        var made = await _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "true"));
        Assert.Equal((await _area.SendAsync(HttpMethod.Get, "pipelines/p")).ETag, made.ETag);
        var next = await _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "echo 2"), ("If-Match", made.ETag!));
        Assert.Equal(HttpStatusCode.Created, next.Status);
        Assert.NotEqual(made.ETag, next.ETag);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "echo 3"), ("If-Match", made.ETag!))).Status);
        Assert.Equal(HttpStatusCode.OK, (await _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "echo 2"), ("If-Match", "*"))).Status);
    }

    [Fact]
    public async Task A_registration_that_meets_the_end_of_its_namespace_makes_nothing()
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        // What a deletion does, held just before its end.
        await using (var delete = connection.CreateCommand())
        {
            delete.CommandText = $"""
                select 1 from gofer.namespaces where name = '{_area.Name}' for update;
                update gofer.namespaces set deleted_at = now() where name = '{_area.Name}'
                """;
            await delete.ExecuteNonQueryAsync(Ct);
        }

        var put = _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "true"));
        await using var waiting = source.CreateCommand($"select count(*) from pg_locks l where not granted and {connection.ProcessID} = any (pg_blocking_pids(l.pid))");
        while ((long)(await waiting.ExecuteScalarAsync(Ct))! == 0) await Task.Delay(20, Ct);
        await transaction.CommitAsync(Ct);
        Assert.Equal("namespace_not_found", (await put).Code);
    }

    [Fact]
    public async Task Of_a_registration_and_the_deletion_of_its_namespace_one_wins()
    {
        for (var times = 0; times < 10; times++)
        {
            var home = $"{_area.Path}-{times}";
            await _area.SendAsync(HttpMethod.Put, home, "{}");
            var put = _area.SendAsync(HttpMethod.Put, $"{home}/pipelines/p", Script("p", "true"));
            var delete = _area.SendAsync(HttpMethod.Delete, home);
            var answers = ((await put).Status, (await delete).Status);
            Assert.Contains(answers, new[] { (HttpStatusCode.Created, HttpStatusCode.Conflict), (HttpStatusCode.NotFound, HttpStatusCode.NoContent) });
        }
    }

    [Fact]
    public async Task What_is_no_number_is_named_as_it_was_written()
    {
        await _area.RegisterAsync(Script("p", "true"));
        foreach (var (method, path) in new[] { (HttpMethod.Get, "versions/abc"), (HttpMethod.Get, "versions/abc/diff"), (HttpMethod.Post, "versions/abc/deploy") })
        {
            var none = await _area.SendAsync(method, $"pipelines/p/{path}");
            Assert.Equal("version_not_found", none.Code);
            Assert.Equal("'abc' is no version: give its number.", none.Json.GetProperty("title").GetString());
        }
    }

    [Fact]
    public async Task Of_two_writers_with_the_same_ETag_one_wins()
    {
        var tag = (await _area.SendAsync(HttpMethod.Get, _area.Path)).ETag!;
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => _area.SendAsync(HttpMethod.Patch, _area.Path, $$"""{"description":"{{i}}"}""", ("If-Match", tag))));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.Equal(9, answers.Count(a => a.Status == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task The_same_document_makes_no_second_version_and_another_one_says_what_differs()
    {
        var path = "pipelines/p";
        var first = await _area.SendAsync(HttpMethod.Put, path, Script("p", "echo one"));
        Assert.Equal(("""{"version":1,"created":true,"live":true""", HttpStatusCode.Created), (first.Body[..first.Body.IndexOf(",\"diff\"", StringComparison.Ordinal)], first.Status));
        var same = await _area.SendAsync(HttpMethod.Put, path, $$"""{ "name": null, {{Script("p", "echo one")[1..]}}""");
        Assert.Equal((HttpStatusCode.OK, false, 1), (same.Status, same.Json.GetProperty("created").GetBoolean(), same.Json.GetProperty("version").GetInt32()));

        var dry = await _area.SendAsync(HttpMethod.Put, $"{path}?dry_run=true", Script("p", "echo two"));
        Assert.Equal(HttpStatusCode.OK, dry.Status);
        Assert.Equal("/tasks/t/command", dry.Json.GetProperty("diff")[0].GetProperty("pointer").GetString());
        Assert.Single((await _area.Client.Versions.ListVersionsAsync(_area.Name, "p", cancellationToken: Ct)).Items);

        var second = await _area.SendAsync(HttpMethod.Put, path, Script("p", "echo two"));
        Assert.Equal((HttpStatusCode.Created, 2, false), (second.Status, second.Json.GetProperty("version").GetInt32(), second.Json.GetProperty("live").GetBoolean()));
        Assert.Equal(1, (await _area.Client.Pipelines.GetPipelineAsync(_area.Name, "p", Ct)).LiveVersion);
        var diff = await _area.Client.Versions.DiffVersionAsync(_area.Name, "p", "2", cancellationToken: Ct);
        Assert.Equal((1, 2, "/tasks/t/command"), (diff.From, diff.To, Assert.Single(diff.Changes).Pointer));
    }

    [Fact]
    public async Task A_deploy_decides_what_runs_and_a_run_may_name_another_version()
    {
        await _area.RegisterAsync(Script("p", "printf one"));
        await _area.SendAsync(HttpMethod.Put, "pipelines/p", Script("p", "printf two"));
        Assert.Equal("one"u8.ToArray(), await _area.LogAsync(await _area.EndAsync(await _area.RunAsync("p"))));
        Assert.True((await _area.Client.Versions.DeployVersionAsync(_area.Name, "p", "2", Ct)).Live);
        Assert.Equal("two"u8.ToArray(), await _area.LogAsync(await _area.EndAsync(await _area.RunAsync("p"))));
        var old = await _area.Client.Runs.CreateRunAsync(_area.Name, "p", new NewRunBody { Version = 1 }, cancellationToken: Ct);
        Assert.Equal((1, "pinned"), (old.Version, old.VersionReason));
        Assert.Equal("one"u8.ToArray(), await _area.LogAsync(await _area.EndAsync(old)));
        var none = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"version":9}""");
        Assert.Equal("version_not_found", none.Code);
    }

    [Fact]
    public async Task Twenty_registrations_at_once_make_versions_without_gaps()
    {
        await _area.RegisterAsync(Script("p", "echo 0"));
        var answers = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => _area.SendAsync(HttpMethod.Put, "pipelines/p?deploy=true", Script("p", $"echo {i}"))));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.Status));
        Assert.Equal(Enumerable.Range(2, 20), answers.Select(a => a.Json.GetProperty("version").GetInt32()).Order());
    }

    [Fact]
    public async Task A_paused_pipeline_takes_no_runs_until_it_is_resumed()
    {
        await _area.RegisterAsync(Script("p", "true"));
        Assert.Equal("paused", (await _area.SendAsync(HttpMethod.Patch, "pipelines/p", """{"state":"paused"}""")).Json.GetProperty("state").GetString());
        var refused = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs");
        Assert.Equal((HttpStatusCode.Conflict, "pipeline_paused"), (refused.Status, refused.Code));
        await _area.SendAsync(HttpMethod.Patch, "pipelines/p", """{"state":"active"}""");
        Assert.Equal(RunState.Succeeded, (await _area.EndAsync(await _area.RunAsync("p"))).State);
    }

    [Fact]
    public async Task What_is_in_use_is_deleted_by_force_only_and_its_containers_are_stopped_first()
    {
        await _area.RegisterAsync(Script("p", "sleep 300"));
        var run = await _area.RunAsync("p");
        await _area.UntilAsync(run, "t", TaskState.Running);
        foreach (var path in new[] { "pipelines/p", _area.Path })
        {
            var refused = await _area.SendAsync(HttpMethod.Delete, path);
            Assert.Equal((HttpStatusCode.Conflict, "in_use"), (refused.Status, refused.Code));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await _area.SendAsync(HttpMethod.Delete, "pipelines/p?force=true")).Status);
        Assert.Equal("pipeline_not_found", (await _area.SendAsync(HttpMethod.Get, "pipelines/p")).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await _area.SendAsync(HttpMethod.Delete, _area.Path)).Status);
    }

    [Fact]
    public async Task The_first_unknown_parent_is_named_with_what_was_perhaps_meant()
    {
        await _area.RegisterAsync(Script("nightly", "true"));
        var none = await _area.SendAsync(HttpMethod.Get, "pipelines/nigthly/runs/7/tasks/x/logs");
        Assert.Equal((HttpStatusCode.NotFound, "pipeline_not_found"), (none.Status, none.Code));
        Assert.Contains("Did you mean 'nightly'?", none.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
        Assert.Equal("namespace_not_found", (await _area.SendAsync(HttpMethod.Get, $"{_area.Path}x/pipelines/nightly")).Code);
        Assert.Equal("run_not_found", (await _area.SendAsync(HttpMethod.Get, "pipelines/nightly/runs/7/tasks/x")).Code);
        await _area.RunAsync("nightly");
        Assert.Equal("task_not_found", (await _area.SendAsync(HttpMethod.Get, "pipelines/nightly/runs/1/tasks/x")).Code);
    }

    [Fact]
    public async Task The_tasks_of_a_run_come_page_by_page_too_in_the_documents_order()
    {
        await _area.RegisterAsync(Of("p", [.. "gfedcba".Select(id => Step($"{id}", "true"))]));
        var run = await _area.EndAsync(await _area.RunAsync("p"));
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _area.Client.Tasks.ListTasksAsync(_area.Name, "p", "1", 3, cursor, Ct);
            Assert.InRange(page.Items.Count, 1, 3);
            ids.AddRange(page.Items.Select(t => t.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(["g", "f", "e", "d", "c", "b", "a"], ids);
        foreach (var query in new[] { "limit=0", "limit=501" }) Assert.Equal("validation_failed", (await _area.SendAsync(HttpMethod.Get, $"pipelines/p/runs/1/tasks?{query}")).Code);
        Assert.Equal("malformed_request", (await _area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1/tasks?cursor=nonsense")).Code);
        var attempt = await _area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1/logs?attempt=1");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/attempt"), (attempt.Status, Assert.Single(attempt.Pointers)));
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public async Task Lists_go_by_id_page_by_page()
    {
        foreach (var id in new[] { "c", "a", "B", "d" }) await _area.RegisterAsync(Script(id, "true"));
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _area.Client.Pipelines.ListPipelinesAsync(_area.Name, 3, cursor, Ct);
            ids.AddRange(page.Items.Select(p => p.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(4, ids.Count);
    }
}
