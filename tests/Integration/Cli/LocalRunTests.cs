using System.Diagnostics;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;

namespace Gofer.Tests.Integration.Cli;

/// <summary>A pipeline run without a server, as processes of this machine: what is shown, how it ends, and that nothing is left.</summary>
public sealed class LocalRunTests : IDisposable
{
    /// <summary>What of <c>gofer</c> itself the runtime may leave for a moment.</summary>
    private const string Runtime = "dotnet-diagnostic";

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-cli-").FullName;
    private readonly string _temporary = Directory.CreateTempSubdirectory("gofer-tmp-").FullName;
    private readonly string _mark = Guid.CreateVersion7().ToString("N");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_temporary, recursive: true);
    }

    [Fact]
    public async Task The_example_of_a_graph_runs_to_its_end_without_a_server_and_leaves_nothing()
    {
        var run = await LocalAsync(Repository.PathOf("examples/dag"));
        Assert.True(run.Exit == 0, run.Error);
        Assert.Matches(@"(?m)^fetch +\| 42 files$", run.Out);
        Assert.Matches(@"(?m)^lint +! warning: line 7 is long$", run.Out);
        Assert.Contains("dag local run: succeeded", run.Error, StringComparison.Ordinal);
        foreach (var task in new[] { "fetch", "lint", "test-unit", "test-api", "build", "on-failure", "report" }) Assert.Matches($@"✓ +{task} +succeeded", run.Error);
        Assert.Matches("↷ +never +skipped .*because of flaky", run.Error);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_run_that_fails_ends_with_5_and_each_failed_tasks_reason_and_last_lines()
    {
        var path = Write(Documents.Of("p", Documents.Step("bad", "{ for i in $(seq 30); do echo line $i; done; echo 'no such table'; } >&2; exit 9"), Documents.Step("after", "true", ("bad", "success"))));
        var run = await LocalAsync(path);
        Assert.Equal(5, run.Exit);
        Assert.Contains("bad failed (exit_code): The container ended with exit code 9.", run.Error, StringComparison.Ordinal);
        Assert.Contains("  | no such table", run.Error, StringComparison.Ordinal);
        Assert.Contains("  | line 30\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("  | line 11\n", run.Error, StringComparison.Ordinal);
        Assert.Matches("↷ +after +skipped .*because of bad", run.Error);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Its_output_comes_as_lines_of_JSON_where_a_program_asks_for_it()
    {
        var path = Write(Documents.Of("p", Documents.Step("t", "echo out")));
        var run = await LocalAsync(path, "-o", "jsonl");
        Assert.True(run.Exit == 0, run.Error);
        Assert.Contains("\"text\":\"out\"", Assert.Single(run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_value_of_a_secret_is_shown_nowhere_however_a_task_writes_it()
    {
        var script = """
            echo "it is $TOKEN" '!'; printf 'in two: %s' "${TOKEN%battery}"; sleep 0.5; echo battery
            printf %s "$TOKEN" | base64; printf 'x%s' "$TOKEN" | base64 >&2; echo "{\"t\": \"$TOKEN\"}"; echo "$OPEN"; exit 3
            """;
        var path = Write(Documents.Of("p", Documents.Step("t", script).And("""
            "variables":{"TOKEN":"pipeline_secret{{token}}","OPEN":"pipeline_object{{open}}"}
            """)));
        var env = Path.Combine(_folder, "local.env");
        await File.WriteAllTextAsync(env, "token=correct horse battery\nopen=no secret at all\n", Ct);
        var run = await LocalAsync(path, "--env-file", env);
        Assert.Equal(5, run.Exit);
        Assert.Equal(["t | it is *** !", "t | in two: ***", "t | ***", "t | {\"t\": \"***\"}", "t | no secret at all"], run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.StartsWith("t |", StringComparison.Ordinal)));
        Assert.Contains("  | in two: ***\n", run.Error, StringComparison.Ordinal);
        foreach (var part in new[] { "horse", "Y29ycmVj", "b3JyZWN0" }) Assert.DoesNotContain(part, run.Out + run.Error, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task What_is_tried_again_is_shown_and_a_later_attempt_counts()
    {
        var path = Write(Documents.Of("p", Documents.Step("t", "echo attempt $GOFER_ATTEMPT; [ $GOFER_ATTEMPT = 3 ]").And("""
            "retry":{"max_attempts":3,"initial_delay":"1ms"}
            """)));
        var run = await LocalAsync(path);
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal("t | attempt 1\nt | attempt 2\nt | attempt 3\n", run.Out);
        Assert.Matches(@"t: Attempt 1 failed \(exit_code\): .* Attempt 2 in 0\.0s\.", run.Error);
        Assert.Matches("✓ +t +succeeded .*attempt 3", run.Error);
    }

    [Fact]
    public async Task Timeouts_of_a_task_and_of_the_pipeline_stop_what_runs()
    {
        var task = await LocalAsync(Write(Documents.Of("p", Documents.Step("t", "echo up; exec sleep 300").And("\"timeout\":\"300ms\""))));
        Assert.Equal(5, task.Exit);
        Assert.Contains("t failed (timeout)", task.Error, StringComparison.Ordinal);
        var pipeline = await LocalAsync(Write(Documents.With("\"timeout\":\"500ms\"", Documents.Of("p", Documents.Step("t", "exec sleep 300"), Documents.Step("u", "true", ("t", "success"))))));
        Assert.Equal(5, pipeline.Exit);
        Assert.Matches("■ +t +cancelled .*took longer than its timeout of 500ms", pipeline.Error);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_matrix_runs_every_instance_and_a_concurrency_key_one_at_a_time()
    {
        var go = Path.Combine(_folder, "busy");
        var path = Write(Documents.Of("p", Documents.Step("t", $"mkdir {go} || exit 7; echo shard $SHARD; sleep 0.1; rmdir {go}").And("""
            "matrix":{"shard":["a","b","c"]},"concurrency":{"key":"one-param{{x}}","limit":1}
            """)).Replace("{\"id\":\"p\"", "{\"id\":\"p\",\"params\":[{\"name\":\"x\",\"type\":\"int\",\"default\":1}]", StringComparison.Ordinal));
        var run = await LocalAsync(path);
        Assert.True(run.Exit == 0, run.Error);
        foreach (var (instance, shard) in new[] { ("t.1", "a"), ("t.2", "b"), ("t.3", "c") }) Assert.Contains($"{instance} | shard {shard}\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_and_variables_reach_the_tasks_and_are_judged_as_the_server_judges_them()
    {
        var path = Write(Documents.With(
            """
            "params":[{"name":"region","type":"string","choices":["eu","us"]},{"name":"n","type":"int","default":3}]
            """,
            Documents.Of("p", Documents.Step("t", "echo $REGION $N $EXTRA; env | grep ^GOFER_ | sort").And("""
            "variables":{"REGION":"param{{region}}","N":"param{{n}}","EXTRA":"of the task"}
            """))));
        var run = await LocalAsync(path, "-p", "region=us", "--var", "EXTRA=of the run", "-n", "team");
        Assert.True(run.Exit == 0, run.Error);
        Assert.Contains("t | us 3 of the run\n", run.Out, StringComparison.Ordinal);
        foreach (var given in new[] { "GOFER_ATTEMPT=1", "GOFER_NAMESPACE_ID=team", "GOFER_PIPELINE_ID=p", "GOFER_PIPELINE_VERSION=0", "GOFER_RUN_ID=0", "GOFER_TASK_ID=t", "GOFER_TASK_IMAGE=busybox:latest" })
        {
            Assert.Contains($"t | {given}\n", run.Out, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await LocalAsync(path)).Exit);
        Assert.Contains("'region' is missing", (await LocalAsync(path)).Error, StringComparison.Ordinal);
        Assert.Contains("must be a whole number", (await LocalAsync(path, "-p", "region=eu", "-p", "n=x")).Error, StringComparison.Ordinal);
        Assert.Contains("reserved", (await LocalAsync(path, "-p", "region=eu", "--var", "GOFER_X=1")).Error, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Secrets_and_objects_come_from_the_env_file_and_a_missing_one_is_named_before_anything_starts()
    {
        var ran = Path.Combine(_folder, "ran");
        var path = Write(Documents.Of(
            "p", Documents.Step("first", $"touch {ran}"),
            Documents.Step("t", "[ \"$TOKEN\" = 'param{{no}} $HOME' ] && echo as it is; printf '%s\\n' \"$MODEL\"", ("first", "success")).And("""
            "variables":{"TOKEN":" Pipeline_Secret{{token}} ","MODEL":"run_object{{model}}"}
            """)));
        var without = await LocalAsync(path);
        Assert.Equal(1, without.Exit);
        Assert.Contains("/tasks/1/variables/TOKEN: pipeline_secret{{token}} has no value here. Write a line token=… into a file and name it with --env-file.", without.Error, StringComparison.Ordinal);
        Assert.Contains("run_object{{model}}", without.Error, StringComparison.Ordinal);
        var env = Path.Combine(_folder, "local.env");
        await File.WriteAllTextAsync(env, "# what the tasks need\ntokn=x\nmodel=\"two\\nlines\"\n", Ct);
        var misspelt = await LocalAsync(path, "--env-file", env);
        Assert.Equal(1, misspelt.Exit);
        Assert.Contains($"pipeline_secret{{{{token}}}} has no value: {env} has no line token=…. Did you mean its 'tokn'?", misspelt.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(ran));
        await File.WriteAllTextAsync(env, "token='param{{no}} $HOME'\nmodel=\"two\\nlines\"\n", Ct);
        var run = await LocalAsync(path, "--env-file", env);
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal("t     | as it is\nt     | two\nt     | lines\n", run.Out);
        Assert.Equal(0, (await LocalAsync(path, "--task", "first")).Exit); // which needs none of them
        AssertNothingLeft();
    }

    [Fact]
    public async Task One_task_runs_alone_and_of_a_matrix_all_instances()
    {
        var path = Write(Documents.Of(
            "p", Documents.Step("build", "echo building"), Documents.Step("check", "echo $OS", ("build", "success")).And("\"matrix\":{\"os\":[\"a\",\"b\"]}"),
            Documents.Step("ship", "echo shipping", ("check", "success"))));
        var one = await LocalAsync(path, "--task", "ship");
        Assert.Equal((0, "ship | shipping\n"), (one.Exit, one.Out));
        var matrix = await LocalAsync(path, "--task", "check");
        Assert.Equal(["check.1 | a", "check.2 | b"], matrix.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        var unknown = await LocalAsync(path, "--task", "sihp");
        Assert.Equal(1, unknown.Exit);
        Assert.Contains("No task 'sihp' in p. Did you mean 'ship'?", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("--task check runs all of them", (await LocalAsync(path, "--task", "check.2")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_cancels_and_lets_tasks_end_by_themselves()
    {
        var path = Write(Documents.Of("p", Documents.Step("t", "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done"), Documents.Step("u", "echo never", ("t", "success"))));
        await using var run = Start(path);
        await run.PrintsAsync("ready");
        run.Signal("INT");
        Assert.Equal(6, await run.ExitAsync());
        Assert.Contains("t | saved\n", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("never", run.Out, StringComparison.Ordinal);
        Assert.Contains("p local run: cancelled", run.Error, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Ctrl_C_twice_kills_what_will_not_end()
    {
        var path = Write(Documents.Script("p", "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done"));
        await using var run = Start(path, ("GOFER_WORKER__STOP_GRACE", "10m"));
        await run.PrintsAsync("ready");
        run.Signal("INT");
        await run.PrintsAsync("t | no");
        run.Signal("INT");
        Assert.Equal(6, await run.ExitAsync());
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_document_that_the_server_would_refuse_is_refused_here_too()
    {
        var faulty = await LocalAsync(Write("""{"id":"p","tasks":[{"id":"a b","image":"i"},{"id":"c","imgae":"i","image":"i","depends_on":{"d":"success"}}]}"""));
        Assert.Equal(1, faulty.Exit);
        foreach (var place in new[] { "/tasks/0/id", "/tasks/1/imgae", "/tasks/1/depends_on/d" }) Assert.Contains(place, faulty.Error, StringComparison.Ordinal);
        var missing = await LocalAsync(Path.Combine(_folder, "nowhere"));
        Assert.Equal(1, missing.Exit);
        Assert.Contains("There is no file or folder", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_guides_example_works_as_it_stands()
    {
        var guide = await File.ReadAllTextAsync(Repository.PathOf("docs/guides/run-locally.md"), Ct);
        string Block(string start) => guide[(guide.IndexOf(start, StringComparison.Ordinal) + start.IndexOf('\n', StringComparison.Ordinal) + 1)..].Split("```")[0];
        Write(Block("```json\n"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "local.env"), Block("```sh\n# never"), Ct);
        var run = await LocalAsync("pipeline.json", "--env-file", "local.env", "-p", "who=you");
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal("hello | hello you, the token has 6 letters\n", run.Out);
        Assert.Equal(1, (await LocalAsync("pipeline.json")).Exit);
    }

    /// <summary>It runs with every variable that a task is given: one that the settings did not know would stop its start.</summary>
    [Fact]
    public async Task Gofer_starts_inside_of_a_task()
    {
        var inner = Write(Documents.Script("inner", "echo inside of $GOFER_PIPELINE_ID"), "inner.json");
        var gofer = Path.Combine(AppContext.BaseDirectory, "gofer.dll");
        var run = await LocalAsync(Write(Documents.Script("outer", $"out=$(dotnet {gofer} run --local {inner} --scheduler process) && echo \"$out\"")));
        Assert.True(run.Exit == 0, run.Error + run.Out);
        Assert.Contains("t | t | inside of inner\n", run.Out, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    private string Write(string document, string name = "pipeline.json")
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, document);
        return path;
    }

    /// <summary>Its temporary folder is the test's own, and the mark is in the environment of all that it starts.</summary>
    private (string, string)[] Environment((string, string)[] more) => [("TMPDIR", _temporary), ("MARK", _mark), .. more];

    private GoferProcess Start(string path, params (string, string)[] settings) =>
        GoferProcess.Start(["run", "--local", path, "--scheduler", "process", "--var", $"MARK={_mark}"], Environment(settings));

    private Task<(int Exit, string Out, string Error)> LocalAsync(string path, params string[] more) =>
        GoferProcess.RunAsync(["run", "--local", path, "--scheduler", "process", "--var", $"MARK={_mark}", .. more], Environment([]), _folder);

    private void AssertNothingLeft()
    {
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_temporary), f => !Path.GetFileName(f).StartsWith(Runtime, StringComparison.Ordinal));
        Assert.DoesNotContain(Process.GetProcesses(), p => HasMark(p.Id));
    }

    private bool HasMark(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ").Contains(_mark, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it ended, or is somebody else's
        }
    }
}
