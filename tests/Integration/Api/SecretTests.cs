using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Secrets by REST: values go in, tasks get them, and nothing else ever does.</summary>
public sealed class SecretTests(GoferServer server) : AreaTest(server)
{
    private const string Value = "correct horse battery";

    [Fact]
    public async Task A_task_gets_the_secrets_that_it_names_and_what_it_writes_of_them_is_masked()
    {
        var global = $"g{Area.Name}";
        await Area.RegisterAsync(Of("p", Step("t", "echo ${#P} ${#N} ${#G} $PLAIN; echo $P; echo $N | base64 -w0; echo; echo \"[$G]\" >&2").And(
            $$$""" "variables":{"P":"pipeline_secret{{token}}","N":" Namespace_Secret{{ token }} ","G":"global_secret{{{{{global}}}}}","PLAIN":"a pipeline_secret{{token}}"} """)));
        await PutAsync("pipelines/p/secrets/token", Value, HttpStatusCode.Created);
        await PutAsync("secrets/token", "of the namespace", HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Put, $"/api/v1/secrets/{global}", $$"""{"value":"of the install","namespaces":["{{Area.Name[..8]}}*"]}""")).Status);
        try
        {
            var run = await Area.EndAsync(await Area.RunAsync("p"));
            Assert.Equal(RunState.Succeeded, run.State);
            Assert.StartsWith("21 16 14 a pipeline_secret{{token}}\n***\n***", await TextAsync(run, query: "?stream=stdout"), StringComparison.Ordinal);
            Assert.Equal("[***]\n", await TextAsync(run, query: "?stream=stderr"));
            Assert.DoesNotContain(Convert.ToBase64String("of the name"u8)[..^2], await TextAsync(run), StringComparison.Ordinal);
        }
        finally
        {
            Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, $"/api/v1/secrets/{global}")).Status);
        }
    }

    [Fact]
    public async Task A_value_is_in_no_answer_and_in_no_event()
    {
        await Area.RegisterAsync(Of("p", Step("t", "true").And(""" "variables":{"P":"pipeline_secret{{token}}"} """)));
        var put = await PutAsync("pipelines/p/secrets/token", Value, HttpStatusCode.Created);
        var again = await PutAsync("pipelines/p/secrets/token", Value, HttpStatusCode.OK);
        Assert.Equal(("token", 2), (again.Json.GetProperty("key").GetString(), again.Json.GetProperty("version").GetInt32()));
        Assert.Equal($"{Area.Path}/pipelines/p/secrets/token", put.Location?.ToString());
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        string[] paths =
        [
            "pipelines/p/secrets", "pipelines/p/secrets/token", "pipelines/p/versions/1", "pipelines/p", $"pipelines/p/runs/{run.Number}", $"pipelines/p/runs/{run.Number}/tasks/t",
            $"pipelines/p/runs/{run.Number}/events", $"pipelines/p/runs/{run.Number}/explain",
        ];
        foreach (var path in paths)
        {
            var answer = await Area.SendAsync(HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.DoesNotContain("horse", answer.Body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("pipeline_secret", "There is no pipeline ('p') secret 'token'. Set it with: gofer secret set token -n AREA -p p")]
    [InlineData("namespace_secret", "There is no namespace ('AREA') secret 'token'. Set it with: gofer secret set token -n AREA")]
    [InlineData("global_secret", "There is no global (for the namespace 'AREA') secret 'token'. Set it with: gofer secret set token --global --for AREA")]
    public async Task A_task_whose_secret_is_missing_fails_before_anything_is_started_and_says_what_to_type(string kind, string message)
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo never").And($$$""" "variables":{"X":"{{{kind}}}{{token}}"},"retry":{"max_attempts":3,"initial_delay":"0s"} """)));
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var task = (await Area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Failed, TaskState.Failed, "missing_secret", 1), (run.State, task.State, task.Reason, task.Attempt));
        Assert.Equal(message.Replace("AREA", Area.Name, StringComparison.Ordinal), task.Message);
        Assert.Null(task.StartedAt);
        Assert.Equal("", await TextAsync(run));
    }

    [Fact]
    public async Task A_global_secret_for_others_is_as_missing_as_one_that_is_not_there()
    {
        var key = $"g{Area.Name}";
        await Area.RegisterAsync(Of("p", Step("t", "true").And($$$""" "variables":{"X":"global_secret{{{{{key}}}}}"} """)));
        await Area.SendAsync(HttpMethod.Put, $"/api/v1/secrets/{key}", """{"value":"for others only","namespaces":["others-*"]}""");
        try
        {
            var task = (await Area.TasksAsync(await Area.EndAsync(await Area.RunAsync("p"))))["t"];
            Assert.Equal(("missing_secret", $"There is no global (for the namespace '{Area.Name}') secret '{key}'. Set it with: gofer secret set {key} --global --for {Area.Name}"), (task.Reason, task.Message));
        }
        finally
        {
            await Area.SendAsync(HttpMethod.Delete, $"/api/v1/secrets/{key}");
        }
    }

    [Fact]
    public async Task A_variable_of_the_run_hides_a_secret_that_is_missing()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo $X").And(""" "variables":{"X":"pipeline_secret{{token}}"} """)));
        var run = await Area.EndAsync(await RunAsync("p", """{"variables":{"X":"given"}}"""));
        Assert.Equal("given\n", await TextAsync(run));
    }

    [Fact]
    public async Task A_new_value_is_that_of_the_runs_that_follow()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo ${#X}").And(""" "variables":{"X":"pipeline_secret{{token}}"} """)));
        await PutAsync("pipelines/p/secrets/token", "eightlong", HttpStatusCode.Created);
        var first = await Area.EndAsync(await Area.RunAsync("p"));
        await PutAsync("pipelines/p/secrets/token", "twelve chars", HttpStatusCode.OK);
        var second = await Area.EndAsync(await Area.RunAsync("p"));
        Assert.Equal(("9\n", "12\n"), (await TextAsync(first), await TextAsync(second)));
    }

    [Fact]
    public async Task A_pipeline_that_is_made_again_under_its_name_has_none_of_the_old_ones_secrets()
    {
        await Area.RegisterAsync(Script("p", "true"));
        await PutAsync("pipelines/p/secrets/token", Value, HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, "pipelines/p")).Status);
        await Area.RegisterAsync(Script("p", "true"));
        Assert.Equal((HttpStatusCode.NotFound, "secret_not_found"), await RefusalAsync(HttpMethod.Get, "pipelines/p/secrets/token"));
        Assert.Equal("""{"items":[],"next_cursor":null}""", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/secrets")).Body);
    }

    [Theory]
    [InlineData("""{}""", "validation_failed", "'value' is missing.")]
    [InlineData("""{"value":""}""", "validation_failed", "'value' must not be empty.")]
    [InlineData("""{"value":7}""", "malformed_request", "'value' must be a string, not a number.")]
    [InlineData("""{"value":"x\u0000y"}""", "malformed_request", "NUL")]
    [InlineData("""{"value":"x","vlaue":"y"}""", "validation_failed", "There is no member 'vlaue' here.")]
    [InlineData("""{"value":"x","namespaces":["*"]}""", "validation_failed", "There is no member 'namespaces' here.")]
    public async Task A_body_that_is_wrong_is_refused_and_sets_nothing(string body, string code, string complaint)
    {
        var refused = await Area.SendAsync(HttpMethod.Put, "secrets/token", body);
        Assert.Equal(code, refused.Code);
        Assert.Contains(complaint, refused.Body.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, "secret_not_found"), await RefusalAsync(HttpMethod.Get, "secrets/token"));
    }

    [Fact]
    public async Task A_value_of_64_KiB_is_taken_and_a_longer_one_is_refused_without_a_word_of_it()
    {
        await PutAsync("secrets/long", new string('x', 64 * 1024), HttpStatusCode.Created);
        var refused = await Area.SendAsync(HttpMethod.Put, "secrets/long", $$"""{"value":"{{new string('x', (64 * 1024) + 1)}}"}""");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (refused.Status, refused.Code));
        Assert.Contains("is 65537 bytes long; at most 65536 are allowed.", refused.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("xxxx", refused.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_global_secret_says_for_whom_it_is()
    {
        var path = $"/api/v1/secrets/g{Area.Name}";
        var without = await Area.SendAsync(HttpMethod.Put, path, """{"value":"x"}""");
        Assert.Contains("say whose tasks may have the secret", without.Body, StringComparison.Ordinal);
        Assert.Contains("nobody could have the secret", (await Area.SendAsync(HttpMethod.Put, path, """{"value":"x","namespaces":[]}""")).Body, StringComparison.Ordinal);
        Assert.Contains("it may hold letters", (await Area.SendAsync(HttpMethod.Put, path, """{"value":"x","namespaces":["a b"]}""")).Body, StringComparison.Ordinal);
        var many = string.Join(',', Enumerable.Range(0, 101).Select(i => $"\"n{i}\""));
        Assert.Contains("There are 101 patterns; at most 100 are allowed.", (await Area.SendAsync(HttpMethod.Put, path, $$"""{"value":"x","namespaces":[{{many}}]}""")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await Area.SendAsync(HttpMethod.Put, path, """{"value":"x","namespaces":["team-*"]}""")).Status);
        var kept = await Area.SendAsync(HttpMethod.Put, path, """{"value":"y"}""");
        Assert.Equal((HttpStatusCode.OK, "team-*"), (kept.Status, kept.Json.GetProperty("namespaces")[0].GetString()));
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, path)).Status);
        Assert.Equal((HttpStatusCode.NotFound, "secret_not_found"), await RefusalAsync(HttpMethod.Delete, path));
    }

    [Fact]
    public async Task What_is_not_there_is_named_from_the_outside_in_with_what_was_meant()
    {
        await Area.RegisterAsync(Script("p", "true"));
        await PutAsync("pipelines/p/secrets/registry", Value, HttpStatusCode.Created);
        Assert.Contains("Did you mean 'registry'?", (await Area.SendAsync(HttpMethod.Get, "pipelines/p/secrets/regsitry")).Body.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, "pipeline_not_found"), await RefusalAsync(HttpMethod.Get, "pipelines/q/secrets/registry"));
        Assert.Equal((HttpStatusCode.NotFound, "namespace_not_found"), await RefusalAsync(HttpMethod.Get, "/api/v1/namespaces/nowhere/secrets"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), await RefusalAsync(HttpMethod.Put, "secrets/a.b", """{"value":"x"}"""));
        Assert.Equal((HttpStatusCode.NotFound, "secret_not_found"), await RefusalAsync(HttpMethod.Get, "secrets/a.b"));
    }

    [Fact]
    public async Task A_list_goes_page_by_page_through_one_place()
    {
        foreach (var key in new[] { "a", "b", "c" }) await PutAsync($"secrets/{key}", Value, HttpStatusCode.Created);
        var first = await Area.SendAsync(HttpMethod.Get, "secrets?limit=2");
        Assert.Equal(["a", "b"], first.Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("key").GetString()!));
        var rest = await Area.SendAsync(HttpMethod.Get, $"secrets?limit=2&cursor={first.Json.GetProperty("next_cursor").GetString()}");
        Assert.Equal(["c"], rest.Json.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("key").GetString()!));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Area.SendAsync(HttpMethod.Get, "secrets?limit=501")).Status);
    }

    private async Task<Answer> PutAsync(string path, string value, HttpStatusCode status)
    {
        var put = await Area.SendAsync(HttpMethod.Put, path, $$"""{"value":{{Quoted(value)}}}""");
        Assert.True(put.Status == status, put.Body);
        Assert.DoesNotContain(value, put.Body, StringComparison.Ordinal);
        return put;
    }

    private async Task<(HttpStatusCode Status, string? Code)> RefusalAsync(HttpMethod method, string path, string? body = null)
    {
        var refused = await Area.SendAsync(method, path, body);
        return (refused.Status, refused.Code);
    }
}
