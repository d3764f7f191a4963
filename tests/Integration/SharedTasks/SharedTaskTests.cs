using System.Globalization;
using System.Net;
using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.SharedTasks;

/// <summary>Shared tasks over HTTP: what is registered, what uses come to, and what a container of one finds.</summary>
public sealed class SharedTaskTests(GoferServer server) : AreaTest(server)
{
    [Fact]
    public async Task A_version_is_registered_once_and_never_changes()
    {
        var made = await PutAsync("lint", "2.1", "echo 1");
        Assert.Equal((HttpStatusCode.Created, $"{Area.Path}/shared-tasks/lint/versions/2.1", true), (made.Status, made.Location?.ToString(), made.Json.GetProperty("created").GetBoolean()));
        var again = await PutAsync("lint", "2.1.0", "echo 1");
        Assert.Equal((HttpStatusCode.OK, false), (again.Status, again.Json.GetProperty("created").GetBoolean()));
        var other = await PutAsync("lint", "2.1", "echo 2");
        Assert.Equal((HttpStatusCode.Conflict, "shared_task_version_exists"), (other.Status, other.Code));
        foreach (var version in new[] { "2.10", "2.9.3", "1.0" }) await PutAsync("lint", version, "echo");

        Assert.Equal("2.10", (await Area.SendAsync(HttpMethod.Get, "shared-tasks/lint")).Json.GetProperty("version").GetString());
        var first = await Area.Client.SharedTasks.ListNamespaceSharedTaskVersionsAsync(Area.Name, "lint", 3, cancellationToken: Ct);
        Assert.Equal(["2.10", "2.9.3", "2.1"], first.Items.Select(v => v.Version));
        Assert.Equal(["1.0"], (await Area.Client.SharedTasks.ListNamespaceSharedTaskVersionsAsync(Area.Name, "lint", 3, first.NextCursor, Ct)).Items.Select(v => v.Version));
        Assert.Equal(["lint"], (await Area.Client.SharedTasks.ListNamespaceSharedTasksAsync(Area.Name, cancellationToken: Ct)).Items.Select(t => t.Id));
        Assert.Equal("2.9.3", (await Area.SendAsync(HttpMethod.Get, "shared-tasks/lint/versions/2.9.3")).Json.GetProperty("definition").GetProperty("version").GetString());
        Assert.Equal((HttpStatusCode.NotFound, "version_not_found"), Said(await Area.SendAsync(HttpMethod.Get, "shared-tasks/lint/versions/3.0")));
        Assert.Equal((HttpStatusCode.NotFound, "shared_task_not_found"), Said(await Area.SendAsync(HttpMethod.Get, "shared-tasks/lnit")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), Said(await Area.SendAsync(HttpMethod.Put, "shared-tasks/lint", """{"version":"x","container":{"image":"i"}}""")));
    }

    [Fact]
    public async Task It_has_a_thousand_versions_at_most()
    {
        await PutAsync("lint", "1.0", "echo");
        await using var source = Npgsql.NpgsqlDataSource.Create(Server.ConnectionString);
        await using var command = source.CreateCommand(
            $"""
            insert into gofer.shared_task_versions (id, task_id, major, minor, patch, definition, content_hash, created_at)
            select gen_random_uuid(), v.task_id, 0, s.n, 0, v.definition, v.content_hash, v.created_at from gofer.shared_task_versions v
            join gofer.shared_tasks t on t.id = v.task_id join gofer.namespaces n on n.id = t.namespace_id and n.name = '{Area.Name}', generate_series(1, 998) as s (n)
            """);
        await command.ExecuteNonQueryAsync(Ct);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync("lint", "1.1", "echo")).Status);
        var refused = await PutAsync("lint", "1.2", "echo");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/version"), (refused.Status, Assert.Single(refused.Pointers)));
        Assert.Contains("has 1000 versions; at most that many are allowed.", refused.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("lint", "1.1", "echo")).Status);
    }

    [Fact]
    public async Task Two_who_register_the_same_version_at_once_make_one()
    {
        var puts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PutAsync("lint", "1.0", i % 2 == 0 ? "even" : "odd")));
        Assert.Single(puts, p => p.Status == HttpStatusCode.Created);
        Assert.Equal((3, 4), (puts.Count(p => p.Status == HttpStatusCode.OK), puts.Count(p => p.Status == HttpStatusCode.Conflict)));
    }

    [Fact]
    public async Task A_container_finds_its_inputs_with_parameters_secrets_and_defaults_put_in()
    {
        await Area.SendAsync(HttpMethod.Put, "secrets/word", """{"value":"correct horse"}""");
        await Area.SendAsync(HttpMethod.Put, "shared-tasks/lint", Definition(
            "1.0", "echo $INPUT_PATH $INPUT_DEPTH $INPUT_WORD_2 $INPUT_FAST $A $B", """ "inputs":[{"name":"path"},{"name":"depth","type":"int"},{"name":"word-2"},{"name":"fast","type":"bool","default":true}] """,
            """ "variables":{"A":"of the definition","B":"of the definition"} """));
        await Area.RegisterAsync(With(""" "params":[{"name":"part"},{"name":"n","default":"7"}] """, Of("p", Uses(
            "t", "lint@1", """ "with":{"path":"src/param{{part}}/param{{n}}","depth":"param{{n}}","word-2":"namespace_secret{{word}}"},"variables":{"B":"of the task"} """))));
        var run = await Area.EndAsync(await RunAsync("p", """{"params":{"part":"core"},"variables":{"INPUT_PATH":"of the run"}}"""));
        Assert.Equal((RunState.Succeeded, "src/core/7 7 *** true of the definition of the task\n"), (run.State, await TextAsync(run)));
        var task = (await Area.TasksAsync(run))["t"];
        Assert.Equal(("lint@1", "1.0", "process"), (task.Uses, task.UsesVersion, task.Scheduler));
        Assert.Equal(("1.0", "namespace"), (run.SharedTasks!["lint@1"].Version, run.SharedTasks["lint@1"].Scope));
    }

    [Fact]
    public async Task A_use_comes_to_the_newest_version_that_fits_when_the_run_is_created_and_stays_that()
    {
        foreach (var version in new[] { "2.1", "2.2", "3.0" }) await PutAsync("lint", version, $"echo {version}; [ $GOFER_ATTEMPT = 2 ]");
        await Area.RegisterAsync(Of("p", Step("first", "while [ ! -e \"$GATE\" ]; do sleep 0.05; done"), Uses("t", "lint@2", """ "depends_on":{"first":"success"},"retry":{"max_attempts":2,"initial_delay":"0s"} """)));
        var gate = Path.Combine(Path.GetTempPath(), $"gofer-gate-{Guid.CreateVersion7():N}");
        var run = await RunAsync("p", $$$"""{"variables":{"GATE":{{{Quoted(gate)}}}}}""");
        await PutAsync("lint", "2.3", "echo 2.3");
        await File.WriteAllTextAsync(gate, "", Ct);
        run = await Area.EndAsync(run);
        File.Delete(gate);
        Assert.Equal((RunState.Succeeded, "2.2\n2.2\n"), (run.State, await TextAsync(run)));
        Assert.Equal("2.2", run.SharedTasks!["lint@2"].Version);

        var again = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/rerun", """{"version":"same","from":"failed"}""");
        Assert.Equal((HttpStatusCode.Conflict, "nothing_to_rerun"), Said(again));
        again = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/1/rerun", """{"version":"same"}""");
        Assert.Equal("2.3", JsonSerializer.Deserialize<RunView>(again.Body)!.SharedTasks!["lint@2"].Version);
        await CancelAsync(JsonSerializer.Deserialize<RunView>(again.Body)!);
    }

    [Fact]
    public async Task The_namespaces_task_is_used_before_the_installs_where_it_has_a_version_that_fits()
    {
        var name = $"both-{Area.Name}";
        foreach (var version in new[] { "1.5", "2.0" }) await Area.SendAsync(HttpMethod.Put, $"/api/v1/shared-tasks/{name}", Definition(version, $"echo global {version}"));
        await PutAsync(name, "1.2", "echo own 1.2");
        await Area.RegisterAsync(Of("p", Uses("one", $"{name}@1"), Uses("two", $"{name}@2")));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        Assert.Equal(("own 1.2\n", "global 2.0\n"), (await TextAsync(run, "one"), await TextAsync(run, "two")));
        Assert.Equal("global", run.SharedTasks![$"{name}@2"].Scope);
        // Of the global one only the use of 2 is one.
        var refused = await Area.SendAsync(HttpMethod.Delete, $"/api/v1/shared-tasks/{name}");
        Assert.Equal((HttpStatusCode.Conflict, "shared_task_in_use"), Said(refused));
        await Area.RegisterAsync(Of("p", Uses("one", $"{name}@1")));
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, $"/api/v1/shared-tasks/{name}")).Status);
    }

    [Fact]
    public async Task What_a_document_uses_must_be_there_and_take_what_it_gets()
    {
        await Area.SendAsync(HttpMethod.Put, "shared-tasks/lint", Definition("1.0", "true", """ "inputs":[{"name":"path"},{"name":"depth","type":"int","default":1}] """));
        var missing = await Area.SendAsync(HttpMethod.Put, "pipelines/p", Of("p", Step("a", "true"), Uses("t", "lint@2"), Uses("u", "none@1")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "shared_task_not_found"), Said(missing));
        Assert.Equal(["/tasks/1/uses", "/tasks/2/uses"], missing.Pointers);
        var wrong = await Area.SendAsync(HttpMethod.Put, "pipelines/p", Of("p", Uses("t", "lint@1", """ "with":{"depth":"deep","path":"x"} """), Uses("u", "lint@1.0"), Uses("v", "lint@1", """ "with":{"path":"x","pth":1} """)));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), Said(wrong));
        Assert.Equal(["/tasks/0/with/depth", "/tasks/1/with", "/tasks/2/with/pth"], wrong.Pointers);
        Assert.Equal(HttpStatusCode.NotFound, (await Area.SendAsync(HttpMethod.Get, "pipelines/p")).Status);
    }

    [Fact]
    public async Task A_run_whose_parameters_make_a_wrong_input_is_refused_as_one_with_wrong_parameters_is()
    {
        await Area.SendAsync(HttpMethod.Put, "shared-tasks/lint", Definition("1.0", "true", """ "inputs":[{"name":"depth","type":"int"}] """));
        await Area.RegisterAsync(With(""" "params":[{"name":"x"}] """, Of("p", Uses("t", "lint@1", """ "with":{"depth":"param{{x}}"} """))));
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"params":{"x":"deep"}}""");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), Said(refused));
        Assert.Equal(["/params/x"], refused.Pointers);
        Assert.Contains("The task 't' uses lint@1, now version 1.0. The input 'depth' must be a whole number", refused.Body.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(["/runs/0/params/x"], (await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/batch", """{"runs":[{"params":{"x":"deep"}}]}""")).Pointers);
        Assert.Equal(RunState.Succeeded, (await Area.EndAsync(await RunAsync("p", """{"params":{"x":"7"}}"""))).State);
    }

    [Fact]
    public async Task One_that_is_in_use_is_not_deleted_and_the_refusal_names_its_users()
    {
        await PutAsync("lint", "2.1", "while :; do sleep 0.1; done");
        foreach (var n in Enumerable.Range(1, 12)) await Area.RegisterAsync(Of($"p{n.ToString("00", CultureInfo.InvariantCulture)}", Uses("t", "lint@2")));
        var refused = await Area.SendAsync(HttpMethod.Delete, "shared-tasks/lint");
        Assert.Equal((HttpStatusCode.Conflict, "shared_task_in_use"), Said(refused));
        Assert.Contains($"{Area.Name}/p01, {Area.Name}/p02", refused.Body, StringComparison.Ordinal);
        Assert.Contains($"{Area.Name}/p10 and others", refused.Body, StringComparison.Ordinal);

        // A run of a version that is not live any more uses it until it has ended.
        var run = await Area.RunAsync("p01");
        foreach (var n in Enumerable.Range(1, 12)) await Area.RegisterAsync(Of($"p{n.ToString("00", CultureInfo.InvariantCulture)}", Step("t", "true")));
        refused = await Area.SendAsync(HttpMethod.Delete, "shared-tasks/lint");
        Assert.Equal((HttpStatusCode.Conflict, "shared_task_in_use"), Said(refused));
        Assert.Contains($"is used by {Area.Name}/p01:", refused.Body, StringComparison.Ordinal);
        await CancelAsync(run);
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, "shared-tasks/lint")).Status);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "shared_task_not_found"), Said(await Area.SendAsync(HttpMethod.Post, "pipelines/p01/versions/1/deploy")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "shared_task_not_found"), Said(await Area.SendAsync(HttpMethod.Post, "pipelines/p01/runs", """{"version":1}""")));
        Assert.Equal("2.1", (await ReadAsync(run)).SharedTasks!["lint@2"].Version); // what a run used stays known
    }

    private Task<Answer> PutAsync(string name, string version, string script) => Area.SendAsync(HttpMethod.Put, $"shared-tasks/{name}", Definition(version, script));

    private static (HttpStatusCode, string) Said(Answer answer) => (answer.Status, answer.Code);

    private static string Definition(string version, string script, string more = "", string container = "") =>
        $$$"""{"version":"{{{version}}}"{{{(more.Length > 0 ? "," + more : "")}}},"container":{"image":"busybox:latest","command":["sh","-c",{{{Quoted(script)}}}]{{{(container.Length > 0 ? "," + container : "")}}} } }""";

    private static System.Text.Json.Nodes.JsonObject Uses(string id, string uses, string more = "") => new System.Text.Json.Nodes.JsonObject { ["id"] = id, ["uses"] = uses }.And(more);
}
