using System.Text.Json;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;

namespace Gofer.Tests.Integration.Cli;

/// <summary>The command line as a person or a script sees it: real processes, their output and their exit codes.</summary>
public sealed class CliTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-cli-").FullName;
    private Area _area = null!;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("examples/hello", "hello")]
    [InlineData("examples/dag/pipeline.json", "dag")]
    [InlineData("examples/script", "script")]
    [InlineData("examples/retries", "retries")]
    [InlineData("examples/csharp", "csharp")]
    [InlineData("examples/python", "python")]
    [InlineData("examples/node", "node")]
    public async Task Up_registers_and_runs_every_example(string example, string id)
    {
        var up = await GoferAsync(["up", Repository.PathOf(example), "--run"]);
        Assert.True(up.Exit == 0, $"{up.Exit}: {up.Error}{up.Out}");
        Assert.Contains($"{id} is registered as version 1 and live.", up.Error, StringComparison.Ordinal);
        Assert.Contains("run 1, version 1: succeeded", up.Error, StringComparison.Ordinal);
        var again = await GoferAsync(["up", Repository.PathOf(example)]);
        Assert.Contains($"{id} is unchanged: version 1, live.", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_takes_a_document_from_standard_input_and_says_what_changed()
    {
        var first = await GoferAsync(["up", "-"], Documents.Script("p", "echo one"));
        Assert.Equal((0, ""), (first.Exit, first.Out)); // of a first version everything is new
        var second = await GoferAsync(["up", "-", "--no-deploy"], Documents.Script("p", "echo two"));
        Assert.Contains("~ /tasks/t/command", second.Out, StringComparison.Ordinal);
        Assert.Contains("version 2, not live", second.Error, StringComparison.Ordinal);
        var diff = await GoferAsync(["diff", Write("p.json", Documents.Script("p", "echo three"))]);
        Assert.Contains("1 differences from the live version", diff.Error, StringComparison.Ordinal);
        Assert.Contains("Version 2 of p is live.", (await GoferAsync(["deploy", "p", "2"])).Error, StringComparison.Ordinal);
        Assert.Contains("Version 1 of p is live.", (await GoferAsync(["rollback", "p"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_line_that_ends_before_a_command_is_answered_with_those_that_there_are()
    {
        var bare = await GoferAsync([]);
        Assert.Equal((0, ""), (bare.Exit, bare.Error));
        Assert.Contains("gofer demo --once", bare.Out, StringComparison.Ordinal);
        var noun = await GoferAsync(["pipeline"]);
        Assert.Equal((2, ""), (noun.Exit, noun.Error));
        Assert.Contains("gofer pipeline list", noun.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rollback_goes_to_the_version_that_was_live_and_not_to_one_that_never_was()
    {
        await GoferAsync(["up", "-"], Documents.Script("p", "echo one"));
        var none = await GoferAsync(["rollback", "p"]);
        Assert.Equal(1, none.Exit);
        Assert.Contains("No other version of p was live before 1.", none.Error, StringComparison.Ordinal);
        await GoferAsync(["up", "-", "--no-deploy"], Documents.Script("p", "echo two"));
        await GoferAsync(["up", "-"], Documents.Script("p", "echo three"));
        Assert.Contains("Version 1 of p is live.", (await GoferAsync(["rollback", "p"])).Error, StringComparison.Ordinal);
        var again = await GoferAsync(["rollback", "p"]);
        Assert.Contains("Version 3 of p is live.", again.Error, StringComparison.Ordinal);
        Assert.Contains("It is newer than version 1, which was live until now.", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_fails_registers_nothing_and_its_complaint_is_shown()
    {
        Write("main.py", "import sys\nprint('{\"id\":\"half\"')\nsys.exit('the warehouse is closed')\n");
        var up = await GoferAsync(["up", _folder]);
        Assert.Equal(1, up.Exit);
        Assert.Contains("the warehouse is closed", up.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing was registered", up.Error, StringComparison.Ordinal);
        Assert.Equal("", (await GoferAsync(["pipeline", "list", "-o", "name"])).Out);
    }

    [Fact]
    public async Task A_program_that_prints_more_than_the_document_is_told_the_line()
    {
        Write("main.py", "print('{}')\nprint('done!')\n");
        var up = await GoferAsync(["up", _folder]);
        Assert.Equal(1, up.Exit);
        Assert.Contains("line 2, column 1", up.Error, StringComparison.Ordinal);
        Assert.Contains("2 | done!", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_prints_without_end_is_stopped_and_told_so()
    {
        Write("main.py", "import sys\nwhile True: sys.stdout.write('x' * 65536)\n");
        var up = await GoferAsync(["up", _folder]);
        Assert.Equal(1, up.Exit);
        Assert.Contains("printed more than", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_whose_id_would_lead_elsewhere_is_refused_with_its_place()
    {
        var up = await GoferAsync(["up", "-"], Documents.Script("..", "true"));
        Assert.Equal(1, up.Exit);
        Assert.Contains("'..' must start with a letter or a digit", up.Error, StringComparison.Ordinal);
        Assert.Equal("", (await GoferAsync(["pipeline", "list", "-o", "name"])).Out);
    }

    [Fact]
    public async Task Validate_needs_no_server_and_says_every_fault_with_its_place()
    {
        var path = Write("p.json", """{"id":"p","tasks":[{"id":"a b","image":"i"},{"id":"c","imgae":"i","image":"i","depends_on":{"d":"success"}}]}""");
        var judged = await GoferProcess.RunAsync(["validate", path], [("GOFER_SERVER", "http://127.0.0.1:1")]);
        Assert.Equal(1, judged.Exit);
        foreach (var place in new[] { "/tasks/0/id", "/tasks/1/imgae", "/tasks/1/depends_on/d" }) Assert.Contains(place, judged.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferProcess.RunAsync(["validate", Repository.PathOf("examples/dag")])).Exit);
    }

    [Fact]
    public async Task Logs_are_the_bytes_and_following_them_ends_with_the_task()
    {
        await _area.EndAsync(await _area.RunScriptAsync("p", "echo one; echo two; printf three"));
        Assert.Equal("one\ntwo\nthree", (await GoferAsync(["logs", "p", "latest", "t"])).Out);
        Assert.Equal("two\nthree", (await GoferAsync(["logs", "p", "1", "t", "--tail", "2"])).Out);
        var followed = await GoferAsync(["logs", "p", "latest", "t", "-f"]);
        Assert.Equal((0, "one\ntwo\nthree"), (followed.Exit, followed.Out.TrimEnd('\n')));
    }

    [Fact]
    public async Task Data_is_printed_as_asked_for()
    {
        await _area.RegisterAsync(Documents.Script("a", "true"));
        await _area.RegisterAsync(Documents.Script("b", "true"));
        Assert.Equal("a\nb\n", (await GoferAsync(["pipeline", "list", "-o", "name"])).Out);
        using var json = JsonDocument.Parse((await GoferAsync(["pipeline", "list", "-o", "json"])).Out);
        Assert.Equal("b", json.RootElement[1].GetProperty("id").GetString());
        Assert.Equal(2, (await GoferAsync(["pipeline", "list", "-o", "jsonl"])).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("live", (await GoferAsync(["pipeline", "list"])).Out, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_an_action_answers_is_printed_as_asked_for_too()
    {
        var document = Documents.Script("p", "true");
        Assert.Equal("p\n", (await GoferAsync(["up", "-", "-o", "name"], document)).Out);
        Assert.Equal(2, Json(await GoferAsync(["up", "-", "-o", "json"], Documents.Script("p", "echo 2"))).GetProperty("version").GetInt32());
        Assert.Equal("changed", Json(await GoferAsync(["diff", "-", "-o", "json"], document))[0].GetProperty("kind").GetString());
        Assert.True(Json(await GoferAsync(["rollback", "p", "-o", "json"])).GetProperty("live").GetBoolean());
        Assert.Equal("2\n", (await GoferAsync(["deploy", "p", "2", "-o", "name"])).Out);
        Assert.Equal("paused", Json(await GoferAsync(["pause", "p", "-o", "jsonl"])).GetProperty("state").GetString());
        Assert.Equal("active", Json(await GoferAsync(["resume", "p", "-o", "json"])).GetProperty("state").GetString());
        await _area.RunAsync("p");
        Assert.Equal("p/1\n", (await GoferAsync(["cancel", "p", "-o", "name"])).Out);
        Assert.NotEmpty(Json(await GoferAsync(["version", "-o", "json"])).GetProperty("version").GetString()!);

        static JsonElement Json((int Exit, string Out, string Error) said)
        {
            Assert.True(said.Exit == 0, said.Error);
            using var json = JsonDocument.Parse(said.Out);
            return json.RootElement.Clone();
        }
    }

    [Fact]
    public async Task A_list_that_was_cut_says_so_and_how_to_see_more()
    {
        foreach (var n in Enumerable.Range(1, 4)) await _area.RegisterAsync(Documents.Script($"p{n}", "true"));
        var cut = await GoferAsync(["pipeline", "list", "-o", "name", "--limit", "3"]);
        Assert.Equal("p1\np2\np3\n", cut.Out);
        Assert.Contains("There are more than these 3: --limit 6 shows more.", cut.Error, StringComparison.Ordinal);
        Assert.Equal("", (await GoferAsync(["pipeline", "list", "-o", "name", "--limit", "4"])).Error);
        Assert.Equal(2, (await GoferAsync(["pipeline", "list", "--limit", "0"])).Exit);
    }

    [Fact]
    public async Task Deleting_asks_and_yes_answers()
    {
        await _area.RegisterAsync(Documents.Script("p", "true"));
        Assert.Equal(2, (await GoferAsync(["pipeline", "delete", "p"], "n\n")).Exit);
        Assert.Equal("p\n", (await GoferAsync(["pipeline", "list", "-o", "name"])).Out);
        Assert.Equal(0, (await GoferAsync(["pipeline", "delete", "p", "--yes"])).Exit);
        Assert.Equal("", (await GoferAsync(["pipeline", "list", "-o", "name"])).Out);
    }

    [Fact]
    public async Task Exit_codes_tell_wrong_usage_a_refusal_and_a_server_that_is_away_apart()
    {
        await _area.RegisterAsync(Documents.Script("nightly", "true"));
        Assert.Equal(2, (await GoferAsync(["run"])).Exit);
        Assert.Equal(2, (await GoferAsync(["no-such-command"])).Exit);
        var refused = await GoferAsync(["run", "nigthly"]);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("Did you mean 'nightly'?", refused.Error, StringComparison.Ordinal);
        var away = await GoferProcess.RunAsync(["run", "nightly", "--server", "http://127.0.0.1:1"]);
        Assert.Equal(3, away.Exit);
        Assert.Contains("gofer dev", away.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GOFER_WORKER__LAESE", "15s", "GOFER_WORKER__LEASE")]
    [InlineData("GOFER_WORKER__LEASE", "soon", "90s or 1h30m")]
    [InlineData("GOFER_WORKER__CAPACITY", "0", "GOFER_WORKER__CAPACITY '0' must be a whole number from 1 to 10000.")]
    public async Task A_setting_that_cannot_be_stops_the_start_and_is_named(string name, string value, string said)
    {
        var started = await GoferProcess.RunAsync(
            ["worker", "--scheduler", "process", "--data", _folder, "--postgres", server.ConnectionString], [(name, value)]);
        Assert.Equal(1, started.Exit);
        Assert.Contains(said, started.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", started.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_the_schema_is_refused_with_the_command_that_makes_it()
    {
        await using var empty = await Support.Postgres.TestDatabase.CreateAsync(TestContext.Current.CancellationToken);
        foreach (var command in new[] { "api", "worker" })
        {
            var started = await GoferProcess.RunAsync(command == "api"
                ? ["api", "--listen", "127.0.0.1:0", "--postgres", empty.ConnectionString]
                : ["worker", "--scheduler", "process", "--data", _folder, "--postgres", empty.ConnectionString]);
            Assert.Equal(1, started.Exit);
            Assert.Contains("gofer migrate", started.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await GoferProcess.RunAsync(["migrate", "--postgres", empty.ConnectionString])).Exit);
        Assert.Contains("up to date", (await GoferProcess.RunAsync(["migrate", "--postgres", empty.ConnectionString])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_tokens_only_this_machine_is_served_unless_one_insists()
    {
        var refused = await GoferProcess.RunAsync(["api", "--listen", "0.0.0.0:0", "--postgres", server.ConnectionString]);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("--insecure-listen", refused.Error, StringComparison.Ordinal);
    }

    private GoferProcess Start(string[] arguments) => GoferProcess.Start(arguments, [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)]);

    private Task<(int Exit, string Out, string Error)> GoferAsync(string[] arguments, string? input = null) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)], _folder, input);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
