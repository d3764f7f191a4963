using System.Net;
using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Parameters: declared in the document, given by a run, read by a container.</summary>
public sealed class ParamTests(GoferServer server) : AreaTest(server)
{
    private const string Declared = """
        "params":[{"name":"region","choices":["eu","us"],"default":"eu"},{"name":"count","type":"int"},
                  {"name":"ratio","type":"number","default":0.5},{"name":"dry","type":"bool","default":true}]
        """;

    private static string Document => With(Declared, Of("p", Step("t", "echo \"$REGION $COUNT $RATIO $DRY\"").And(
        """ "variables":{"REGION":" PARAM{{ region }} ","COUNT":"param{{count}}","RATIO":"param{{ratio}}","DRY":"param{{dry}}"} """)));

    [Fact]
    public async Task They_reach_the_container_as_text_and_the_view_by_their_types()
    {
        await Area.RegisterAsync(Document);
        var run = await Area.EndAsync(await RunAsync("p", """{"params":{"region":"us","count":3,"dry":"false"}}"""));
        Assert.Equal("us 3 0.5 false\n", await TextAsync(run));
        var view = await Area.SendAsync(HttpMethod.Get, "pipelines/p/runs/1");
        Assert.Equal("""{"region":"us","count":3,"ratio":0.5,"dry":false}""", Members(view.Json.GetProperty("params")));

        var text = await Area.EndAsync(await RunAsync("p", """{"params":{"count":"-12","ratio":1e3}}"""));
        Assert.Equal("eu -12 1000 true\n", await TextAsync(text));
    }

    [Theory]
    [InlineData("""{}""", "/params/count", "is missing; it has no default and must be a whole number")]
    [InlineData("""{"params":{"count":"many"}}""", "/params/count", "must be a whole number, not")]
    [InlineData("""{"params":{"count":1.5}}""", "/params/count", "must be a whole number")]
    [InlineData("""{"params":{"count":1,"region":"mars"}}""", "/params/region", "is 'mars'; it must be one of eu, us")]
    [InlineData("""{"params":{"count":1,"region":7}}""", "/params/region", "must be a string")]
    [InlineData("""{"params":{"count":1,"dry":"yes"}}""", "/params/dry", "must be true or false")]
    [InlineData("""{"params":{"count":1,"regoin":"eu"}}""", "/params/regoin", "Did you mean 'region'?")]
    public async Task A_run_that_gives_them_wrongly_is_refused_where_it_is_wrong(string body, string pointer, string said)
    {
        await Area.RegisterAsync(Document);
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs", body);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (refused.Status, refused.Code));
        Assert.Equal([pointer], refused.Pointers);
        Assert.Contains(said, refused.Json.GetProperty("errors").GetProperty(pointer)[0].GetString(), StringComparison.Ordinal);
        Assert.Empty((await Area.Client.Runs.ListRunsAsync(Area.Name, "p", cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task One_that_is_no_scalar_is_malformed()
    {
        await Area.RegisterAsync(Document);
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"params":{"count":[1]}}""");
        Assert.Equal((HttpStatusCode.BadRequest, "malformed_request"), (refused.Status, refused.Code));
        Assert.Equal(["/params/count"], refused.Pointers);
    }

    [Fact]
    public async Task A_wrong_one_in_a_batch_creates_nothing_and_says_in_which_run()
    {
        await Area.RegisterAsync(Document);
        var refused = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs/batch", """{"runs":[{"params":{"count":1}},{"params":{"count":1,"region":"mars"}},{}]}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal(["/runs/1/params/region", "/runs/2/params/count"], refused.Pointers);
        Assert.Empty((await Area.Client.Runs.ListRunsAsync(Area.Name, "p", cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task Those_of_the_runs_own_version_count()
    {
        await Area.RegisterAsync(Document);
        await Area.RegisterAsync(Script("p", "echo none"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"params":{"count":1}}""")).Status);
        var run = await Area.EndAsync(await RunAsync("p", """{"version":1,"params":{"count":1}}"""));
        Assert.Equal("eu 1 0.5 true\n", await TextAsync(run));
    }

    [Fact]
    public async Task A_version_shows_the_document_with_defaults_and_choices_of_their_types()
    {
        await Area.RegisterAsync(With("""
            "params":[{"name":"n","type":"int","default":2,"choices":[1,2]},{"name":"b","type":"bool","default":false}]
            """, Script("p", "true")));
        var version = await Area.Client.Versions.GetVersionAsync(Area.Name, "p", "1", Ct);
        Assert.Equal(
            """[{"choices":[1,2],"default":2,"name":"n","type":"int"},{"default":false,"name":"b","type":"bool"}]""",
            version.Document.GetProperty("params").GetRawText());
    }

    [Fact]
    public async Task A_variable_is_the_runs_before_the_tasks_before_the_matrixs_and_the_systems_is_nobodys()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo \"$A $B $C $GOFER_TASK_ID\"").And(
            """ "matrix":{"a":["matrix"],"b":["matrix"],"c":["matrix"]},"variables":{"B":"task","C":"task"} """)));
        var run = await Area.EndAsync(await RunAsync("p", """{"variables":{"C":"run"}}"""));
        Assert.Equal("matrix task run t.1\n", await TextAsync(run, "t.1"));

        var reserved = await Area.SendAsync(HttpMethod.Post, "pipelines/p/runs", """{"variables":{"GOFER_TASK_ID":"mine"}}""");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/variables/GOFER_TASK_ID"), (reserved.Status, Assert.Single(reserved.Pointers)));
    }

    [Fact]
    public async Task A_value_of_half_a_character_at_the_end_of_a_long_key_is_no_error()
    {
        await Area.RegisterAsync(With("\"params\":[{\"name\":\"x\"}]", Of("p", Step("t", "true").And(""" "concurrency":{"key":"param{{x}}","limit":1} """))));
        var run = await Area.EndAsync(await RunAsync("p", JsonSerializer.Serialize(new { @params = new { x = string.Concat(Enumerable.Repeat("😀", 400)) } })));
        Assert.Equal(RunState.Succeeded, run.State);
    }

    private static string Members(JsonElement map) =>
        "{" + string.Join(',', map.EnumerateObject().OrderBy(m => Array.IndexOf(["region", "count", "ratio", "dry"], m.Name)).Select(m => $"\"{m.Name}\":{m.Value.GetRawText()}")) + "}";
}
