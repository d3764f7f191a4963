using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Domain.Pipelines;
using Gofer.Sdk;
using Gofer.Tests.Support;
using Gofer.Tests.Unit.Domain.Pipelines;
using Pipeline = Gofer.Sdk.Pipeline;

namespace Gofer.Tests.Unit.Sdk;

/// <summary>
/// The three SDKs, C#, TypeScript and Python, write one and the same document, and it has every member of the schema: so none of them
/// lacks one. Node.js and Python are needed, which every machine that builds this has.
/// </summary>
public sealed class SdkTests
{
    private static readonly string s_full = File.ReadAllText(Repository.PathOf("sdk/full.json"));

    private static readonly string s_here = File.ReadAllText(Repository.PathOf("tests/Unit/Sdk/SdkTests.cs"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void The_full_document_has_every_member_of_the_schema_and_is_good()
    {
        Documents.Good(s_full);
        Assert.True(Schema.Default.Accepts(s_full, out var why), why);
        var full = JsonNode.Parse(s_full)!.AsObject();
        var tasks = full["tasks"]!.AsArray().Select(t => t!.AsObject()).ToList();
        var triggers = full["triggers"]!.AsArray().Select(t => t!.AsObject()).ToList();
        foreach (var (place, members) in Schema.Default.Supported())
        {
            var objects = place switch
            {
                "" => [full],
                "trigger" => triggers,
                "trigger_signature" => triggers.Select(t => t["signature"]).OfType<JsonObject>(),
                "trigger_dedupe" => triggers.Select(t => t["dedupe"]).OfType<JsonObject>(),
                "trigger_condition" => triggers.Select(t => t["filter"]).OfType<JsonArray>().SelectMany(f => f).OfType<JsonObject>(),
                "trigger_value" => triggers.Select(t => t["params"]).OfType<JsonObject>().SelectMany(p => p.Select(v => v.Value)).OfType<JsonObject>(),
                "notification" => full["notifications"]!.AsArray().Select(n => n!.AsObject()),
                "param" => full["params"]!.AsArray().Select(p => p!.AsObject()),
                "task" => tasks,
                _ => tasks.Select(t => t[place["task/".Length..]]).OfType<JsonObject>(),
            };
            var written = objects.SelectMany(o => o.Select(m => m.Key)).ToHashSet();
            Assert.All(members.Where(m => m != "$schema"), m => Assert.Contains(m, written));
        }
    }

    [Fact]
    public void The_CSharp_SDK_writes_the_full_document()
    {
        using var output = new StringWriter();
        Full().Print(output);
        Is(output.ToString());
    }

    [Theory]
    [InlineData("python3", "sdk/python/tests/full.py")]
    [InlineData("node", "sdk/typescript/test/full.js")]
    public async Task The_other_SDKs_write_the_full_document(string tool, string program) => Is(await RunAsync(tool, Repository.PathOf(program)));

    [Theory]
    [InlineData("python", "python3", "-")]
    [InlineData("ts", "node", "--input-type=module", "-")]
    public async Task The_examples_of_the_guide_print_good_documents_that_are_the_same(string fence, string tool, params string[] arguments)
    {
        var guide = await File.ReadAllTextAsync(Repository.PathOf("docs/guides/sdks.md"), Ct);
        var example = guide.Split($"```{fence}\n")[1].Split("```")[0];
        var document = Documents.Good(await RunAsync(tool, arguments, example));
        Assert.Equal(["load", "report", "tell"], document.Tasks.Select(t => t.Id));
        Assert.Equal(DocumentWriter.Write(Documents.Good(Guide().ToJson())), DocumentWriter.Write(document));
    }

    [Theory]
    [InlineData("python", "python3", "-")]
    [InlineData("ts", "node", "--input-type=module", "-")]
    public async Task The_triggers_and_notifications_of_the_guide_are_the_same_in_each_language(string fence, string tool, params string[] arguments)
    {
        var guide = await File.ReadAllTextAsync(Repository.PathOf("docs/guides/sdks.md"), Ct);
        var blocks = guide.Split($"```{fence}\n");
        var print = blocks[1].Split("```")[0].Split('\n').Last(l => l.Contains("print(", StringComparison.Ordinal));
        var program = blocks[1].Split("```")[0].Replace(print, blocks[2].Split("```")[0] + print, StringComparison.Ordinal);
        var pipeline = Guide();
        pipeline.Trigger("at-night", new CronTrigger("30 2 * * *") { Zone = "Europe/Berlin", Overlap = Overlap.Skip, Params = new Dictionary<string, EventValue> { ["day"] = "yesterday" } })
            .Notification("oncall", new Notification("namespace_secret{{oncall-hook}}", "failed", "recovered") { Type = "slack" });
        Assert.Equal(DocumentWriter.Write(Documents.Good(pipeline.ToJson())), DocumentWriter.Write(Documents.Good(await RunAsync(tool, arguments, program))));
        Assert.All(guide.Split("```csharp\n")[2].Split("```")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries), l => Assert.Contains(l.Trim(), s_here, StringComparison.Ordinal));
    }

    [Fact]
    public void To_want_none_is_said_and_an_id_stands_once()
    {
        var pipeline = new Pipeline("p").NoTriggers().NoNotifications();
        pipeline.Task("t", "i");
        var none = Documents.Good(pipeline.ToJson());
        Assert.Empty(none.Triggers!);
        Assert.Empty(none.Notifications!);
        pipeline.Trigger("a", new WebhookTrigger());
        Assert.Contains("has a trigger 'a' already", Assert.Throws<ArgumentException>(() => pipeline.Trigger("a", new WebhookTrigger())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => pipeline.Notification("a b", new Notification("global_secret{{x}}", "failed")));
    }

    [Fact]
    public async Task The_CSharp_of_the_guide_is_what_is_compiled_here()
    {
        var (guide, here) = (await File.ReadAllTextAsync(Repository.PathOf("docs/guides/sdks.md"), Ct), await File.ReadAllTextAsync(Repository.PathOf("tests/Unit/Sdk/SdkTests.cs"), Ct));
        var lines = guide.Split("```csharp\n")[1].Split("```")[0].Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith("pipeline.Print", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count > 15);
        Assert.All(lines, l => Assert.Contains(l, here, StringComparison.Ordinal));
    }

    /// <summary>Their own tests: what each refuses, and that its words are the schema's.</summary>
    [Theory]
    [InlineData("python3", "sdk/python/tests/test_gofer.py")]
    [InlineData("node", "--test", "sdk/typescript/test/gofer.test.js")]
    public async Task The_other_SDKs_pass_their_own_tests(string tool, params string[] arguments) =>
        await RunAsync(tool, [.. arguments.Select(a => a.StartsWith('-') ? a : Repository.PathOf(a))]);

    [Fact]
    public void The_words_of_the_CSharp_SDK_are_the_schemas()
    {
        foreach (var failure in Enum.GetValues<Failure>())
        {
            var pipeline = new Pipeline("p");
            pipeline.Task("t", "i").Retry(2, on: [failure]);
            Assert.Equal([Documents.Good(pipeline.ToJson()).Tasks[0].Retry.On[0]], RetryPolicy.DefaultOn.Skip((int)failure).Take(1));
        }

        Assert.Equal(RetryPolicy.DefaultOn.Count, Enum.GetValues<Failure>().Length);
        foreach (var policy in Enum.GetValues<OnLimit>())
        {
            var pipeline = new Pipeline("p").OnLimit(policy);
            pipeline.Task("t", "i");
            Assert.Equal(policy.ToString(), Documents.Good(pipeline.ToJson()).OnLimit.ToString());
        }

        Assert.Equal(Enum.GetNames<LimitPolicy>(), Enum.GetNames<OnLimit>());
        Assert.Equal(Enum.GetNames<Gofer.Domain.Triggers.OverlapPolicy>(), Enum.GetNames<Overlap>());
        Assert.Equal(Enum.GetNames<Gofer.Domain.Triggers.DstPolicy>(), Enum.GetNames<Dst>());
    }

    private static Pipeline Full()
    {
        var pipeline = new Pipeline("full", "Everything that a document may have").Describe("Each SDK prints this document; a test compares them.")
            .Label("team", "data").Label("env", "prod").Parallelism(2).OnLimit(OnLimit.CancelOldest).Timeout(TimeSpan.FromMinutes(150)).Priority(-5);
        var region = pipeline.Param("region", "eu", ["eu", "us"], "Whose rows.");
        var rows = pipeline.Param("rows", 3);
        pipeline.Param("ratio", 0.5, [0.25, 0.5]);
        pipeline.Param("dry", false);
        var note = pipeline.Param("note", "");
        pipeline.RequiredParam<string>("day");
        pipeline
            .Trigger("at-night", new CronTrigger("30 2 * * *")
            {
                Zone = "Europe/Berlin",
                Dst = Dst.Once,
                CatchUp = "all",
                Jitter = TimeSpan.FromSeconds(30),
                Overlap = Overlap.QueueOne,
                Enabled = false,
                Params = new Dictionary<string, EventValue> { ["day"] = "2027-01-01", ["rows"] = 5, ["ratio"] = 0.25, ["dry"] = true },
            })
            .Trigger("often", new IntervalTrigger(TimeSpan.FromMinutes(15)) { Anchor = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), Version = 1 })
            .Trigger("hook", new WebhookTrigger
            {
                Signature = new HookSignature("pipeline_secret{{hook}}")
                {
                    Scheme = "hmac",
                    Tolerance = TimeSpan.FromMinutes(1),
                    Header = "X-Sign",
                    Algorithm = "sha512",
                    Encoding = "base64",
                    Prefix = "v1=",
                    TimestampHeader = "X-Time",
                },
                Dedupe = new HookDedupe { Pointer = "/id", Window = TimeSpan.FromHours(1) },
                Filter =
                [
                    new() { Pointer = "/kind", Is = "load" }, new() { Header = "X-Kind", IsNot = "test" }, new() { Pointer = "/branch", In = ["main", "next"] },
                    new() { Pointer = "/tag", Matches = "^v[0-9]+$" }, new() { Pointer = "/deleted", Exists = false },
                ],
                Params = new Dictionary<string, EventValue> { ["day"] = EventValue.At("/day", "today"), ["note"] = EventValue.OfHeader("X-Note") },
            })
            .Trigger("other-hook", new WebhookTrigger { Dedupe = new HookDedupe { Header = "X-Id" }, Params = new Dictionary<string, EventValue> { ["day"] = "today" } })
            .Trigger("push", new GithubTrigger("pipeline_secret{{github}}", "push", "pull_request/opened,synchronize")
            {
                Branches = ["main", "release/*"],
                Repository = "owner/*",
                Params = new Dictionary<string, EventValue> { ["day"] = "today" },
            })
            .Trigger("after-extract", new PipelineTrigger("extract")
            {
                Namespace = "team-data",
                On = ["succeeded", "failed"],
                Params = new Dictionary<string, EventValue> { ["day"] = EventValue.At("/run") },
            })
            .Trigger("tick", new ExtensionTrigger("ticker")
            {
                With = new Dictionary<string, string> { ["every_ms"] = "1000", ["key"] = "namespace_secret{{ticker}}" },
                Params = new Dictionary<string, EventValue> { ["day"] = "today" },
            })
            .Notification("oncall", new Notification("namespace_secret{{hook}}", "failed", "longer_than") { Secret = "namespace_secret{{hook-key}}", LongerThan = TimeSpan.FromHours(1), Enabled = false })
            .Notification("channel", new Notification("https://hooks.example.org/services/x", "recovered") { Type = "slack" });
        var extract = pipeline.Task("extract", "ubuntu:24.04").Describe("Größe → 日本").RegistryAuth(note, "pipeline_secret{{registry}}")
            .Env("ROWS", rows).Env("REGION", region).Env("A", "b \"c\"\n").Entrypoint("/entry").Command("./extract.sh", "--all").WorkingDir("/work").User("1000")
            .InjectApiToken().AlwaysPull().Cpu("500m").Memory("256Mi").Timeout(TimeSpan.FromSeconds(90)).AllowFailure()
            .Retry(5, TimeSpan.FromMilliseconds(1500), 3, TimeSpan.FromMinutes(1), Enum.GetValues<Failure>(), [1, 75])
            .Concurrency($"db-{region}-matrix{{{{shard}}}}", 2).Matrix("shard", "1", "2").Matrix("os", "linux");
        var load = pipeline.Task("load", "busybox:latest").After(extract).Script(
            """
                if true; then
                  echo yes
                fi
            """);
        var clean = pipeline.Task("clean", "busybox:latest").AfterFailureOf(extract).Retry(2);
        var report = pipeline.Task("report", "busybox:latest").After(load).AfterAny(extract, clean).Memory("1Gi");
        pipeline.Uses("lint", "lint@2.1").After(report).Env("A", "b").Timeout(TimeSpan.FromMinutes(1))
            .Input("path", $"src/{region}").Input("depth", 3).Input("fast", true).Input("ratio", 0.5).Input("rows", rows).Input("token", "pipeline_secret{{lint}}");
        return pipeline;
    }

    /// <summary>The guide's example in C#.</summary>
    private static Pipeline Guide()
    {
        var pipeline = new Pipeline("nightly", "Nightly load")
            .Describe("Loads what the day brought.")
            .Label("team", "data")
            .Parallelism(1).OnLimit(OnLimit.Skip)
            .Timeout(TimeSpan.FromHours(2));
        var region = pipeline.Param("region", "eu", ["eu", "us"], "Whose rows.");
        var day = pipeline.RequiredParam<string>("day");

        var load = pipeline.Task("load", "ubuntu:24.04")
            .Script("""
                set -eu
                ./load.sh "$REGION" "$DAY" "$SHARD"
                """)
            .Env("REGION", region).Env("DAY", day)
            .Matrix("shard", "1", "2", "3")
            .Cpu("500m").Memory("256Mi")
            .Timeout(TimeSpan.FromMinutes(10))
            .Retry(3, initialDelay: TimeSpan.FromSeconds(5), on: [Failure.ExitCode, Failure.Lost], exitCodes: [75])
            .Concurrency($"warehouse-{region}", 2);

        pipeline.Task("report", "ubuntu:24.04").Command("./report.sh").After(load);
        pipeline.Task("tell", "ubuntu:24.04").Command("./tell.sh").AfterFailureOf(load).AllowFailure();
        return pipeline;
    }

    private static void Is(string printed)
    {
        using var full = JsonDocument.Parse(s_full);
        using var other = JsonDocument.Parse(printed);
        Assert.True(JsonElement.DeepEquals(full.RootElement, other.RootElement), printed);
    }

    private static Task<string> RunAsync(string tool, params string[] arguments) => RunAsync(tool, arguments, "");

    private static async Task<string> RunAsync(string tool, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            // The package knows itself by its name.
            WorkingDirectory = Repository.PathOf("sdk/typescript"),
        };
        start.Environment["PYTHONPATH"] = Repository.PathOf("sdk/python/src");
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input.AsMemory(), Ct);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {process.ExitCode}\n{await errors}\n{await output}");
        return await output;
    }
}
