using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Gofer.Domain.Pipelines;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>The schema says of a document what the reader says of it, as far as a schema can.</summary>
public sealed partial class PipelineSchemaTests
{
    private static readonly string s_long = new('x', 600);
    private static readonly Schema s_schema = Schema.Default;
    private static readonly string[] s_types = ["cron", "interval", "webhook", "github", "pipeline", "extension"];
    private static readonly string[] s_readers = ["src/Domain/Pipelines", "src/Domain/Triggers", "src/Domain/Triggers/Hooks", "src/Domain/Notifications"];
    private static readonly string[] s_pages = ["docs/reference/pipeline.md", "docs/guides/sdks.md"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Documents and whether they are good, to the reader and to the schema.</summary>
    public static TheoryData<bool, string> Table
    {
        get
        {
            var table = new TheoryData<bool, string>();
            foreach (var good in new[]
            {
                """{"id":"p","tasks":[{"id":"t","image":"i"}]}""",
                """{"$schema":"./pipeline.v1.json","id":"p","tasks":[{"id":"t","image":"i"}]}""",
                """{"id":"p","name":null,"description":null,"labels":null,"parallelism":null,"on_limit":null,"timeout":null,"priority":null,"params":null,"triggers":null,"notifications":null,"tasks":[{"id":"t","image":"i"}]}""",
                """{"id":"p","name":"","description":"","labels":{},"parallelism":0,"on_limit":"","timeout":"","priority":0,"params":[],"triggers":[],"notifications":[],"tasks":[{"id":"t","image":"i"}]}""",
                """{"id":"p","labels":{"a":null,"b":""},"on_limit":"Cancel_Oldest","timeout":"1.5h","priority":-100,"parallelism":1e2,"tasks":[{"id":"t","image":"i"}]}""",
                Task("""
                    "description":null,"registry_auth":null,"depends_on":null,"variables":null,"entrypoint":null,"command":null,"working_dir":null,"user":null,"inject_api_token":null,
                    "always_pull_newest_image":null,"resources":null,"timeout":null,"allow_failure":null,"retry":null,"concurrency":null,"matrix":null,"uses":null,"with":null
                    """),
                Task("""
                    "description":"","depends_on":{},"variables":{},"entrypoint":[],"command":[],"working_dir":"","user":"","inject_api_token":false,
                    "always_pull_newest_image":false,"resources":{},"timeout":"","allow_failure":false,"retry":{},"concurrency":{},"matrix":{},"uses":"","with":{}
                    """),
                """{"id":"p","tasks":[{"id":"a","image":"i"},{"id":"b","image":"i"},{"id":"c","image":"i"},{"id":"d","image":"i","depends_on":{"a":"Success","b":"FAILURE","c":"aNy"}}]}""",
                Task("""  "variables":{"A":null,"b c":"x","ä":"","gofer_x":"1","P":"secret{{x}}","Q":"pipeline_secret{x}","R":"a pipeline_secret{{x}}"} """),
                Task("""  "variables":{"A":"pipeline_secret{{x}}","B":" NAMESPACE_SECRET{{ x-1 }} ","C":"Global_Secret{{x_y}}"},"registry_auth":{"user":"u","pass":"global_secret{{x}}"} """),
                Task("""  "registry_auth":{"user":"","pass":" Pipeline_Secret{{ p }} "},"resources":{"cpu":"2","memory":".5Gi"} """),
                Task("""  "resources":{"cpu":"1e-1","memory":"1e+9"} """),
                Task("""  "retry":{"max_attempts":100,"initial_delay":"0s","factor":1.5,"max_delay":null,"on":["EXIT_CODE","oom"],"exit_codes":[1,255,7.0]},"concurrency":{"key":"k","limit":10000} """),
                Task("""  "retry":{"max_attempts":null,"initial_delay":null,"factor":null,"on":null,"exit_codes":null} """),
                Task("""  "matrix":{"_a":["",""],"B2":["1"]} """).Replace("[\"\",\"\"]", "[\"\",\" \"]", StringComparison.Ordinal),
                Params("""{"name":"a"},{"name":"b","type":"String","default":"x","choices":["x","y"],"description":"d"}"""),
                Params("""{"name":"a","type":"int","default":5,"choices":[5,"7",-1]},{"name":"b","type":"INT","default":"+5"},{"name":"c","type":null,"default":null,"choices":null,"description":null}"""),
                Params("""{"name":"a","type":"number","default":0.5,"choices":[0.5," 7. ","1e3"]},{"name":"b","type":"bool","default":"true"},{"name":"c","type":"Bool","choices":[true,false]}"""),
                Triggers("""{"id":"a","type":"CRON","expression":"30 2 * * *","zone":null,"dst":"Once","catch_up":5,"jitter":"","enabled":null,"overlap":"Queue_One","version":1}"""),
                Triggers("""{"id":"a","type":"cron","expression":"@daily","catch_up":"all"},{"id":"b","type":"interval","every":"10s","anchor":"2027-01-01T00:00:00Z","catch_up":"1000"}"""),
                Triggers("""{"id":"a","type":"webhook","signature":null,"dedupe":{"header":"X-Id"},"filter":[]},{"id":"b","type":"webhook","signature":{"secret":"pipeline_secret{{x}}"},"params":{}}"""),
                Triggers("""{"id":"a","type":"github","secret":"namespace_secret{{x}}","events":["push"]},{"id":"b","type":"pipeline","pipeline":"q","on":["Failed"],"filter":[{"pointer":"/run","equals":7}]}"""),
                Pipeline("""  "notifications":[{"id":"n","on":["FAILED"],"type":"Slack","url":"global_secret{{x}}","enabled":true,"longer_than":""}] """),
            }) table.Add(true, good);

            foreach (var bad in new[]
            {
                "[]", "null", "{}", "7", """{"id":"p"}""", """{"id":"p","tasks":[]}""", """{"id":"p","tasks":null}""", """{"id":"p","tasks":{}}""", """{"id":"p","tasks":[null]}""",
                """{"id":null,"tasks":[{"id":"t","image":"i"}]}""", """{"id":"","tasks":[{"id":"t","image":"i"}]}""", """{"id":"-p","tasks":[{"id":"t","image":"i"}]}""",
                """{"id":"p q","tasks":[{"id":"t","image":"i"}]}""", $$"""{"id":"{{s_long[..64]}}","tasks":[{"id":"t","image":"i"}]}""",
                """{"id":"p","tasks":[{"id":"t"}]}""", """{"id":"p","tasks":[{"id":"t","image":null}]}""", """{"id":"p","tasks":[{"id":"t","image":""}]}""", """{"id":"p","tasks":[{"id":"t","image":"a b"}]}""",
                """{"id":"p","tasks":[{"image":"i"}]}""", """{"id":"p","tasks":[{"id":"t.1","image":"i"}]}""",
                Pipeline("\"nmae\":\"x\""), Pipeline("\"name\":7"), Pipeline($"\"name\":\"{s_long}\""), Pipeline("\"labels\":[]"), Pipeline("\"labels\":{\"a:b\":\"x\"}"), Pipeline("\"labels\":{\"\":\"x\"}"),
                Pipeline("\"labels\":{\"a\":7}"), Pipeline($"\"labels\":{{\"a\":\"{s_long}\"}}"), Pipeline("\"parallelism\":-1"), Pipeline("\"parallelism\":10001"), Pipeline("\"parallelism\":1.5"),
                Pipeline("\"parallelism\":\"1\""), Pipeline("\"on_limit\":\"wait\""), Pipeline("\"on_limit\":1"), Pipeline("\"timeout\":\"soon\""), Pipeline("\"timeout\":\"90\""), Pipeline("\"timeout\":\"\u0663s\""), Pipeline("\"timeout\":90"),
                Pipeline("\"timeout\":\"1 h\""), Pipeline("\"priority\":101"), Pipeline("\"priority\":-101"), Pipeline("\"triggers\":[{}]"), Pipeline("\"notifications\":[{\"id\":\"x\"}]"), Pipeline("\"triggers\":{}"),
                Triggers("null"), Triggers("""{"id":"a"}"""), Triggers("""{"id":"a","type":"alarm"}"""), Triggers("""{"id":"a","type":"cron"}"""), Triggers("""{"id":"a","type":"cron","expression":null}"""), Triggers("""{"type":"webhook"}"""),
                Triggers("""{"id":"a","type":"cron","expression":"@daily","every":"1h"}"""), Triggers("""{"id":"a","type":"webhook","zone":"UTC"}"""), Triggers("""{"id":"a","type":"interval","every":""}"""), Triggers("""{"id":"a","type":"interval"}"""),
                Triggers("""{"id":"a","type":"webhook","overlap":"wait"}"""), Triggers("""{"id":"a","type":"webhook","version":0}"""), Triggers("""{"id":"a","type":"webhook","params":[]}"""), Triggers("""{"id":"a","type":"webhook","enabled":"yes"}"""),
                Triggers("""{"id":"a","type":"cron","expression":"@daily","catch_up":1001}"""), Triggers("""{"id":"a","type":"cron","expression":"@daily","catch_up":"some"}"""), Triggers("""{"id":"a","type":"github","secret":"pipeline_secret{{x}}","events":[]}"""),
                Triggers("""{"id":"a","type":"github","events":["push"]}"""), Triggers("""{"id":"a","type":"pipeline","pipeline":"q","on":["late"]}"""), Triggers("""{"id":"a","type":"webhook","signature":{}}"""), Triggers("""{"id":"a","type":"webhook","dedupe":{"header":"a b"}}"""),
                Pipeline("""  "notifications":[{"id":"n","on":[],"type":"slack","url":"https://example.org"}] """), Pipeline("""  "notifications":[{"id":"n","on":["failed"],"type":"mail","url":"https://example.org"}] """),
                Pipeline("""  "notifications":[{"id":"n","on":["failed"],"type":"webhook","url":"https://example.org","secret":"s3cret"}] """), Pipeline("""  "notifications":[{"id":"n","on":["failed"],"type":"webhook"}] """),
                Task("\"descriptoin\":\"x\""), Task("\"depends_on\":[\"a\"]"), Task("\"depends_on\":{\"b\":\"maybe\"}"), Task("\"depends_on\":{\"b\":null}"), Task("\"depends_on\":{\"b\":\"\"}"), Task("\"depends_on\":{\"b.1\":\"any\"}"),
                Task("\"variables\":{\"\":\"x\"}"), Task("\"variables\":{\"A=B\":\"x\"}"), Task("\"variables\":{\"GOFER_X\":\"x\"}"), Task("\"variables\":{\"A\":7}"), Task("\"variables\":{\"A\":\"pipeline_secret{{x y}}\"}"), Task("\"variables\":{\"A\":\"Global_Secret{{}}\"}"),
                Task("\"variables\":{\"A\":\" Run_Object{{ x.y }} \"}"), Task("\"command\":\"ls\""), Task("\"command\":[null]"), Task("\"command\":[7]"), Task("\"entrypoint\":{}"), Task("\"working_dir\":7"), Task("\"user\":0"),
                Task("\"inject_api_token\":\"no\""), Task("\"always_pull_newest_image\":\"yes\""), Task("\"allow_failure\":0"), Task("\"uses\":\"lint@2\""), Task("\"with\":{\"a\":\"b\"}"), Task("\"with\":[]"),
                Task("\"resources\":{\"cpu\":\"\"}"), Task("\"resources\":{\"cpu\":\"half\"}"), Task("\"resources\":{\"memory\":\"1 Gi\"}"), Task("\"resources\":{\"gpu\":\"1\"}"), Task("\"resources\":{\"cpu\":1}"),
                Task("\"registry_auth\":{}"), Task("\"registry_auth\":{\"user\":\"u\",\"pass\":\"p\"}"), Task("\"registry_auth\":{\"user\":\"u\",\"pass\":\"\"}"), Task("\"registry_auth\":{\"user\":\"u\",\"pass\":\"a global_secret{{x}}\"}"), Task("\"registry_auth\":{\"user\":\"u\"}"), Task("\"registry_auth\":{\"user\":\"u\",\"pass\":null}"), Task("\"registry_auth\":{\"user\":\"u\",\"pass\":\"global_secret{{ -x }}\"}"),
                Task("\"retry\":{\"max_attempts\":0}"), Task("\"retry\":{\"max_attempts\":101}"), Task("\"retry\":{\"factor\":0.5}"), Task("\"retry\":{\"factor\":11}"), Task("\"retry\":{\"on\":[\"boredom\"]}"), Task("\"retry\":{\"on\":\"oom\"}"),
                Task("\"retry\":{\"exit_codes\":[0]}"), Task("\"retry\":{\"exit_codes\":[256]}"), Task("\"retry\":{\"exit_codes\":[null]}"), Task("\"retry\":{\"attempts\":2}"), Task("\"retry\":[]"),
                Task("\"concurrency\":{\"key\":\"k\"}"), Task("\"concurrency\":{\"limit\":1}"), Task("\"concurrency\":{\"key\":\"\",\"limit\":1}"), Task("\"concurrency\":{\"key\":\"k\",\"limit\":0}"), Task($"\"concurrency\":{{\"key\":\"{s_long}\",\"limit\":1}}"),
                Task("\"matrix\":{\"a\":[]}"), Task("\"matrix\":{\"a\":null}"), Task("\"matrix\":{\"1a\":[\"x\"]}"), Task("\"matrix\":{\"a-b\":[\"x\"]}"), Task("\"matrix\":{\"gofer_a\":[\"x\"]}"), Task("\"matrix\":{\"a\":[\"x\",\"x\"]}"), Task("\"matrix\":{\"a\":[1]}"),
                Params("{}"), Params("null"), Params("""{"name":"a b"}"""), Params("""{"name":"a","type":"float"}"""), Params("""{"name":"a","type":""}"""), Params("""{"name":"a","default":5}"""), Params("""{"name":"a","default":[]}"""),
                Params("""{"name":"a","type":"int","default":1.5}"""), Params("""{"name":"a","type":"int","default":" 5"}"""), Params("""{"name":"a","type":"bool","default":1}"""), Params("""{"name":"a","type":"bool","default":"yes"}"""),
                Params("""{"name":"a","type":"number","default":"many"}"""), Params("""{"name":"a","type":"number","choices":[null]}"""), Params("""{"name":"a","choices":"x"}"""), Params("""{"name":"a","defualt":"x"}"""),
            }) table.Add(false, bad);
            return table;
        }
    }

    private static string Triggers(string items) => Pipeline($"\"triggers\":[{items}]");

    [Fact]
    public async Task The_checked_in_schema_is_the_codes()
    {
        var (path, written) = (Repository.PathOf("docs/schemas/pipeline.v1.json"), PipelineSchema.Write(DocumentLimits.Default));
        if (Environment.GetEnvironmentVariable("GOFER_TEST_APPROVE") == "1") await File.WriteAllTextAsync(path, written, Ct);
        Assert.Equal(await File.ReadAllTextAsync(path, Ct), written);
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void The_schema_and_the_reader_agree(bool good, string document)
    {
        var read = Documents.Read(document);
        Assert.True(read.IsOk == good, $"The reader: {string.Join("; ", read.Error?.Faults ?? [])}");
        Assert.True(s_schema.Accepts(document, out var why) == good, $"The schema: {why}");
    }

    [Fact]
    public void Every_example_and_every_document_of_the_pages_is_good_by_the_schema()
    {
        var examples = Directory.GetFiles(Repository.PathOf("examples"), "pipeline.json", SearchOption.AllDirectories).Select(File.ReadAllText)
            .Concat(s_pages.Select(Repository.PathOf).SelectMany(p => Example().Matches(File.ReadAllText(p)).Select(m => m.Groups[1].Value)))
            .ToList();
        Assert.True(examples.Count >= 8, $"{examples.Count} documents");
        Assert.All(examples, e => Assert.True(s_schema.Accepts(e, out var why), why));
    }

    /// <summary>What Go's and Rust's own SDKs of the original print: everything is there, and what is nothing is null.</summary>
    [Theory]
    [InlineData("""{"id":"simple","name":"Simple","description":"","parallelism":0,"tasks":[{"id":"one","description":"","image":"ubuntu:latest","registry_auth":null,"depends_on":{"two":"Any"},"variables":{"A":"b"},"entrypoint":null,"command":["echo"],"inject_api_token":false,"always_pull_newest_image":false},{"id":"two","description":"","image":"ubuntu:latest","registry_auth":{"user":"u","pass":"pipeline_secret{{registry}}"},"depends_on":{},"variables":{},"entrypoint":["sh"],"command":null,"inject_api_token":false,"always_pull_newest_image":false}]}""")]
    [InlineData("""{"id":"simple","name":"Simple","description":null,"parallelism":0,"tasks":[{"id":"one","description":null,"image":"ubuntu:latest","registry_auth":null,"depends_on":{},"variables":{},"entrypoint":null,"command":["echo","Hello"],"inject_api_token":false,"always_pull_newest_image":true}]}""")]
    public void What_the_originals_SDKs_print_is_good(string document)
    {
        Documents.Good(document);
        Assert.True(s_schema.Accepts(document, out var why), why);
    }

    [Theory]
    [InlineData("""{"id":"p","tasks":[{"id":"t","image":"i","retry":{"on":""}}]}""", "'on' must be an array, not a string.")]
    [InlineData("""{"id":"p","tasks":[{"id":"t","image":"i","retry":{"on":{}}}]}""", "'on' must be an array, not an object.")]
    [InlineData("""{"id":"p","on_limit":[],"tasks":[{"id":"t","image":"i"}]}""", "'on_limit' must be a string, not an array.")]
    public void What_is_of_another_type_is_refused_also_where_it_is_empty(string document, string complaint)
    {
        Assert.Equal(complaint, Documents.Read(document).Error?.Message);
        Assert.False(s_schema.Accepts(document, out _));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("-0", true)]
    [InlineData("0.0e5", true)]
    [InlineData("3.0", true)]
    [InlineData("3e1", true)]
    [InlineData("30e-1", true)]
    [InlineData("0.003e3", true)]
    [InlineData("1000000000000000000000000000000e-30", true)]
    [InlineData("-1e-400", false)]
    [InlineData("1e-400", false)]
    [InlineData("3.00000000000000000000000000000000000001", false)]
    [InlineData("0.5", false)]
    [InlineData("-1", false)]
    [InlineData("1e400", false)]
    [InlineData("1e999999999999999999999", false)]
    [InlineData("1e-999999999999999999999", false)]
    public void A_number_is_whole_by_what_is_written_and_not_by_what_a_type_rounds_it_to(string number, bool isGood)
    {
        var document = $$"""{"id":"p","parallelism":{{number}},"tasks":[{"id":"t","image":"i"}]}""";
        Assert.Equal(isGood, Documents.Read(document).IsOk);
        // What the schema makes of the others is its library's affair: it may take what is almost whole.
        if (isGood) Assert.True(s_schema.Accepts(document, out var why), why);
    }

    [Fact]
    public void What_the_reader_accepts_the_schema_accepts()
    {
        DocumentGens.Good.Sample(d => Assert.True(s_schema.Accepts(DocumentWriter.Write(d), out var why), why), iter: 300);
        HostileDocuments.Texts.Sample(
            text =>
            {
                try
                {
                    if (!Documents.Read(text).IsOk) return;
                }
                catch (JsonException)
                {
                    return;
                }

                Assert.True(s_schema.Accepts(text, out var why), $"{why}: {text}");
            },
            iter: 1000);
    }

    /// <summary>In every object the reader knows exactly the members that the schema has there.</summary>
    [Fact]
    public void The_schema_has_the_members_that_the_reader_asks_for()
    {
        var objects = s_schema.Objects();
        Assert.Equal(
            [
                "", "notification", "param", "task", "task/concurrency", "task/registry_auth", "task/resources", "task/retry", "trigger", "trigger_condition", "trigger_dedupe", "trigger_signature",
                "trigger_value",
            ],
            objects.Keys.Order(StringComparer.Ordinal));
        var asked = s_readers.SelectMany(r => Directory.GetFiles(Repository.PathOf(r), "*.cs"))
            .SelectMany(f => Asked().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).Append("user").Append("pass").Distinct().ToList();
        Assert.All(asked, name => Assert.Contains(objects.Values, members => members.Contains(name)));
        foreach (var (place, members) in objects)
        {
            foreach (var name in objects.Values.SelectMany(m => m).Distinct())
            {
                var member = $"\"{name}\":null";
                // Which members a trigger has depends on its type.
                string[] documents = place switch
                {
                    "" => [$$"""{"id":"p","tasks":[{"id":"t","image":"i"}],{{member}}}"""],
                    "param" => [Params($$"""{"name":"x",{{member}}}""")],
                    "task" => [Task(member)],
                    "trigger" => [.. s_types.Select(t => Triggers($$"""{"id":"a","type":"{{t}}",{{member}} }"""))],
                    "trigger_signature" => [Triggers($$"""{"id":"a","type":"webhook","signature":{"scheme":"hmac",{{member}} } }"""), Triggers($$"""{"id":"a","type":"webhook","signature":{ {{member}} } }""")],
                    "trigger_dedupe" => [Triggers($$"""{"id":"a","type":"webhook","dedupe":{ {{member}} } }""")],
                    "trigger_condition" => [Triggers($$"""{"id":"a","type":"webhook","filter":[{ {{member}} }]}""")],
                    "trigger_value" => [Triggers($$"""{"id":"a","type":"webhook","params":{"x":{ {{member}} } } }""")],
                    "notification" => [Pipeline($$"""  "notifications":[{"id":"a",{{member}} }] """)],
                    _ => [Task($"\"{place["task/".Length..]}\":{{{member}}}")],
                };
                var unknown = documents.All(
                    d => Documents.Read(d).Error?.Faults?.Any(f => f.Message.StartsWith($"There is no member '{name}' here.", StringComparison.Ordinal)) is true);
                Assert.True(unknown != members.Contains(name), $"'{name}' in '{place}'");
            }
        }
    }

    [Fact]
    public void A_servers_own_limits_are_in_its_schema()
    {
        var small = Schema.Of(PipelineSchema.Write(DocumentLimits.Default with { Tasks = 1, Attempts = 2 }));
        Assert.False(small.Accepts("""{"id":"p","tasks":[{"id":"a","image":"i"},{"id":"b","image":"i"}]}""", out _));
        Assert.False(small.Accepts(Task("\"retry\":{\"max_attempts\":3}"), out _));
        Assert.True(small.Accepts(Task("\"retry\":{\"max_attempts\":2}"), out _));
    }

    private static string Task(string members) => $$"""{"id":"p","tasks":[{"id":"t","image":"i",{{members}}}]}""";

    private static string Pipeline(string members) => $$"""{"id":"p","tasks":[{"id":"t","image":"i"}],{{members}}}""";

    private static string Params(string items) => Pipeline($"\"params\":[{items}]");

    [GeneratedRegex(@"```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"(?:fields|pipeline|task)\[""([^""]+)""\]")]
    private static partial Regex Asked();
}
