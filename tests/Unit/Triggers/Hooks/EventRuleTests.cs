using System.Text;
using System.Text.Json;
using CsCheck;
using Gofer.Domain.Triggers.Hooks;
using static Gofer.Tests.Unit.Triggers.Hooks.HookParts;

namespace Gofer.Tests.Unit.Triggers.Hooks;

public sealed class EventRuleTests
{
    private const string Body = """{ "ref": "refs/heads/main", "n": 7, "draft": false, "none": null, "a": [ { "b/c": "x y" } ], "nul": "a\u0000b", "half": "\ud800", "deep": { "t": [1, "a \" b"] } }""";

    private static readonly Gen<string> s_name = Gen.String[Gen.Char["ab/~01 é\""], 0, 5];

    private static readonly string[] s_pieces = ["{", "}", "[", "]", ",", ":", "\"ref\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\u0072ef\"", "\"\u00e9\"", "1", " ", "null", "{\"ref\":", "\"\ufffe\""];

    /// <summary>Pieces of JSON in any order, good and bad, so that much of it is read and much is not.</summary>
    private static readonly Gen<byte[]> s_hostile = Gen.OneOf(
        Gen.Byte.Array[0, 30],
        Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i]).Array[1, 8].Select(p => Encoding.UTF8.GetBytes(string.Concat(p))),
        Gen.Byte.Array[0, 4].Select(b => (byte[])[.. "{\"\\ud800\":0,\"ref\":{ \"a\":\""u8, .. b, .. "\"}}"u8]));

    [Fact]
    public void A_pointer_leads_to_the_member_that_it_was_made_for() => s_name.Array[1, 4].Sample(names =>
    {
        var json = names.Reverse().Aggregate("1", (inner, name) => $"{{{JsonSerializer.Serialize(name)}:{inner},\"\\ud800\":0}}");
        var text = string.Concat(names.Select(n => "/" + n.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
        return JsonPointer.TryParse(text, out var pointer) && pointer!.Text == text && Event(json).At(pointer)?.GetRawText() == "1";
    });

    [Theory]
    [InlineData("", true)]
    [InlineData("/", true)]
    [InlineData("/a~0~1", true)]
    [InlineData("a", false)]
    [InlineData("/a~", false)]
    [InlineData("/a~2", false)]
    [InlineData("#/a", false)]
    public void A_pointer_is_empty_or_begins_with_a_slash(string text, bool good) => Assert.Equal(good, JsonPointer.TryParse(text, out _));

    [Theory]
    [InlineData("/a/0/b~1c", "\"x y\"")]
    [InlineData("/a/00", null)]
    [InlineData("/a/-", null)]
    [InlineData("/a/1", null)]
    [InlineData("/a/-1", null)]
    [InlineData("/a/99999999999", null)]
    [InlineData("/ref/x", null)]
    [InlineData("/", null)]
    public void A_pointer_finds_what_is_there(string text, string? found) =>
        Assert.Equal(found, JsonPointer.TryParse(text, out var pointer) ? Event(Body).At(pointer!)?.GetRawText() : "no pointer");

    [Theory]
    [InlineData("""{"pointer":"/ref","equals":"refs/heads/main"}""", null)]
    [InlineData("""{"pointer":"/ref","equals":"refs/heads/x"}""", "\"/ref\" is \"refs/heads/main\" and not \"refs/heads/x\".")]
    [InlineData("""{"pointer":"/n","equals":7}""", null)]
    [InlineData("""{"pointer":"/draft","equals":false}""", null)]
    [InlineData("""{"pointer":"/ref","not_equals":"refs/heads/main"}""", "\"/ref\" is \"refs/heads/main\" and must be anything else.")]
    [InlineData("""{"pointer":"/gone","not_equals":"x"}""", null)]
    [InlineData("""{"pointer":"/ref","in":["a","b"]}""", "\"/ref\" is \"refs/heads/main\" and none of \"a\", \"b\".")]
    [InlineData("""{"pointer":"/ref","in":["a","refs/heads/main"]}""", null)]
    [InlineData("""{"pointer":"/ref","matches":"refs/*/main"}""", null)]
    [InlineData("""{"pointer":"/ref","matches":"heads"}""", "\"/ref\" is \"refs/heads/main\" and does not match \"heads\".")]
    [InlineData("""{"pointer":"/ref","exists":false}""", "\"/ref\" is \"refs/heads/main\" and must not be there.")]
    [InlineData("""{"pointer":"/gone","exists":false}""", null)]
    [InlineData("""{"pointer":"/gone","exists":true}""", "\"/gone\" is not there.")]
    [InlineData("""{"pointer":"/deep","equals":"{\"t\":[1,\"a \\\" b\"]}"}""", null)]
    [InlineData("""{"pointer":"/nul","equals":"x"}""", "\"/nul\" is \"a?b\" and not \"x\".")]
    [InlineData("""{"header":"x-kind","equals":"push"}""", null)]
    [InlineData("""{"header":"X-Other","equals":"push"}""", "The header X-Other is not there.")]
    public void A_condition_holds_or_says_why_not(string condition, string? refusal) =>
        Assert.Equal(refusal, Good(EventFilter.Read, $"[{condition}]")!.Refuse(Event(Body, ("X-Kind", "push"))));

    [Theory]
    [InlineData("{}", "/x/0: Give one of 'pointer'")]
    [InlineData("""{"pointer":"/a","header":"b","equals":1}""", "/x/0: Give one of 'pointer'")]
    [InlineData("""{"pointer":"/a"}""", "/x/0: A condition says one of")]
    [InlineData("""{"pointer":"/a","equals":1,"exists":true}""", "/x/0: A condition says one of")]
    [InlineData("""{"pointer":"a","equals":1}""", "/x/0/pointer: ")]
    [InlineData("""{"pointer":"/a","equals":{}}""", "/x/0/equals: ")]
    [InlineData("""{"pointer":"/a","in":[]}""", "/x/0/in: ")]
    [InlineData("""{"pointer":"/a","equal":1}""", "Did you mean 'equals'?")]
    public void What_is_wrong_with_a_condition_is_said_where_it_is(string condition, string why) =>
        Assert.Contains(why, Wrong(EventFilter.Read, $"[{condition}]"), StringComparison.Ordinal);

    [Fact]
    public void The_guides_table_of_conditions_is_true()
    {
        var content = Event(Codes(File.ReadLines(Gofer.Tests.Support.Repository.PathOf("docs/guides/webhooks.md")).Single(l => l.StartsWith("| Condition", StringComparison.Ordinal)))[0]);
        foreach (var row in Table("docs/guides/webhooks.md", "## Which events run"))
        {
            var refusal = Good(EventFilter.Read, $"[{Codes(row[0])[0]}]")!.Refuse(content);
            Assert.Equal(row[1], refusal is null ? "yes" : "no");
            Assert.Equal(Codes(row[2]).SingleOrDefault(), refusal);
        }
    }

    [Fact]
    public void There_may_be_twenty_conditions_and_all_must_hold()
    {
        const string Good20 = """{"pointer":"/n","equals":7}""";
        Assert.Contains("at most 20", Wrong(EventFilter.Read, $"[{string.Join(',', Enumerable.Repeat(Good20, 21))}]"), StringComparison.Ordinal);
        var filter = Good(EventFilter.Read, $$"""[{{string.Join(',', Enumerable.Repeat(Good20, 19))}},{"pointer":"/ref","equals":1}]""")!;
        Assert.Contains("not \"1\"", filter.Refuse(Event(Body)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_is_no_JSON_or_too_deep_is_told_so()
    {
        var filter = Good(EventFilter.Read, """[{"pointer":"/a","exists":true}]""")!;
        Assert.Equal("The body is no JSON, so it has no \"/a\".", filter.Refuse(Event("")));
        Assert.Equal("The body is no JSON, so it has no \"/a\".", filter.Refuse(Event(new string('[', 65) + new string(']', 65))));
        Assert.Equal("\"/a\" is not there.", filter.Refuse(Event(new string('[', 64) + new string(']', 64))));
    }

    [Fact]
    public void A_long_value_is_cut_between_characters()
    {
        var filter = Good(EventFilter.Read, """[{"pointer":"/a","equals":"x"}]""")!;
        var refusal = filter.Refuse(Event($$"""{"a":"{{new string('a', 99)}}😀😀"}"""))!;
        Assert.Contains($"\"{new string('a', 99)}…\"", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void No_bytes_make_a_rule_throw_or_say_what_no_database_takes()
    {
        var filter = Good(EventFilter.Read, """[{"pointer":"/ref","equals":"x"}]""")!;
        var parameters = Good(EventParams.Read, """{"a":{"pointer":"/ref"}}""");
        var dedupe = Good(DedupeRule.Read, """{"pointer":"/ref"}""")!;
        var github = Github("[\"*\"]", ",\"branches\":[\"x\"]");
        s_hostile.Sample(
            body =>
            {
                var content = Event(body, ("X-GitHub-Event", "push"));
                parameters.TryResolve(content, null, out var values, out var complaint);
                string?[] said = [filter.Refuse(content), github.Refuse(content), complaint, dedupe.KeyOf(content), .. GithubFilter.Variables(content).Values, .. values.Values.Select(v => v.ToString())];
                return said.All(s => s?.Contains('\0', StringComparison.Ordinal) != true);
            },
            iter: 5000);
    }

    [Fact]
    public void Parameters_are_constants_and_what_stands_in_the_event()
    {
        var parameters = Good(EventParams.Read, """{"c":"eu","n":{"pointer":"/n"},"h":{"header":"x-kind"},"d":{"pointer":"/gone","default":3},"z":{"pointer":"/none","default":false},"deep":{"pointer":"/deep"},"left":null,"g":"mine"}""");
        var given = new Dictionary<string, JsonElement> { ["g"] = JsonSerializer.SerializeToElement("given") };
        Assert.True(parameters.TryResolve(Event(Body, ("X-Kind", "push")), given, out var values, out _));
        Assert.Equal(
            ["c=eu", "d=3", "deep={\"t\":[1,\"a \\\" b\"]}", "g=given", "h=push", "n=7", "z=False"],
            values.Select(v => $"{v.Key}={v.Value}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/gone", "\"/gone\" is not there")]
    [InlineData("/none", "\"/none\" is not there")]
    [InlineData("/nul", "is no text")]
    [InlineData("/half", "is no text")]
    public void A_parameter_that_cannot_be_had_is_named(string pointer, string why)
    {
        Assert.False(Good(EventParams.Read, $$$"""{"p":{"pointer":"{{{pointer}}}"}}""").TryResolve(Event(Body), null, out _, out var complaint));
        Assert.Contains("'p'", complaint, StringComparison.Ordinal);
        Assert.Contains(why, complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64 * 1024, true)]
    [InlineData((64 * 1024) + 1, false)]
    public void A_parameter_may_have_64_KiB(int length, bool good) =>
        Assert.Equal(good, Good(EventParams.Read, """{"p":{"pointer":"/a"}}""").TryResolve(Event($$"""{"a":"{{new string('x', length)}}"}"""), null, out _, out _));

    [Theory]
    [InlineData("""{"p":[1]}""", "/x/p: ")]
    [InlineData("""{"p":{}}""", "/x/p: Give one of")]
    [InlineData("""{"p":{"pointer":"/a","default":{}}}""", "/x/p/default: ")]
    [InlineData("""{"p":{"pointer":"/a","defualt":1}}""", "Did you mean 'default'?")]
    public void What_is_wrong_with_a_parameter_is_said_where_it_is(string json, string why) => Assert.Contains(why, Wrong(EventParams.Read, json), StringComparison.Ordinal);

    [Fact]
    public void A_key_is_what_stands_there_and_of_a_long_one_its_hash()
    {
        var rule = Good(DedupeRule.Read, """{"header":"X-Id","window":"30d"}""")!;
        Assert.Equal(TimeSpan.FromDays(30), rule.Window);
        Assert.Equal("7", rule.KeyOf(Event("", ("x-id", "7"))));
        Assert.Equal(255, rule.KeyOf(Event("", ("X-Id", new string('a', 255))))!.Length);
        Assert.StartsWith("sha256:", rule.KeyOf(Event("", ("X-Id", new string('a', 256)))), StringComparison.Ordinal);
        Assert.Null(rule.KeyOf(Event("", ("X-Id", ""))));
        Assert.Null(rule.KeyOf(Event("")));
        var place = Good(DedupeRule.Read, """{"pointer":"/n"}""")!;
        Assert.Equal(TimeSpan.FromHours(24), place.Window);
        Assert.Equal("7", place.KeyOf(Event(Body)));
        Assert.Contains("/x/window: ", Wrong(DedupeRule.Read, """{"pointer":"/n","window":"31d"}"""), StringComparison.Ordinal);
    }

    private static GithubFilter Github(string events, string more)
    {
        var faults = new Gofer.Domain.Common.FaultList();
        var filter = GithubFilter.Read(Open($$"""{"events":{{events}}{{more}}}""", faults));
        Assert.True(faults.IsEmpty);
        return filter;
    }
}
