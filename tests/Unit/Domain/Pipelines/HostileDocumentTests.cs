using System.Collections.Concurrent;
using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class HostileDocumentTests(ITestOutputHelper output)
{
    private static readonly string _huge = JsonSerializer.Serialize(new string('x', 70_000));
    private static readonly string _deep = new string('[', 2000) + new string(']', 2000);
    private static readonly string _deepObject = string.Concat(Enumerable.Repeat("{\"a\":", 2000)) + "\"\\u0000\"" + new string('}', 2000);

    private static readonly string[] _values =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "-1e-400", "99999999999999999999", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\udfff\\ud800\"", "\"\\ud83d\\ude00\"",
        "[]", "{}", "[null]", "[[]]", "[{}]", "[1,\"a\",null,{}]", "{\"\":\"\"}", "{\"a\":null}", "{\"a\":1,\"a\":2}", "{\"\\ud800\":\"x\"}", "{\"~/\":\"x\"}", "{\"GOFER_X\":\"x\"}", "{\"A=B\":\"x\"}",
        "\"task-0\"", "\"nightly\"", "\"../../etc\"", "\"a\\/b~\"", "\"pipeline_secret{{x}}\"", "\"success\"", "\"500m\"", "{\"Task_1\":\"any\",\"task-0\":\"Success\"}", "{\"task-0\":\"success\",\"nobody\":\"any\"}",
        _huge, _deep, _deepObject, $"{{{_huge}:{_huge}}}", $"{{{_huge}:[\"\\u0000\"]}}",
    ];

    private static readonly string[] _names =
    [
        "id", "image", "tasks", "depends_on", "variables", "timeout", "retry", "matrix", "uses", "with", "params", "labels", "resources", "$schema", "on_limit", "priority", "inject_api_token", "registry_auth",
        "imgae", "Id", "", "~1", "a/b", "\\u0000", "\\ud800", "\\u0069d", "😀", "task-0", "Task_1", "\\n",
    ];

    private static readonly (string Name, string Value)[] _members =
    [
        ("id", "\"task-0\""), ("id", "\"a b\""), ("id", "\"Tasks\""), ("image", "\"\""), ("image", "\"a b\""), ("depends_on", "{\"Task_1\":\"any\"}"), ("depends_on", "{\"task-0\":\"any\",\"task-2\":\"FAILURE\"}"),
        ("depends_on", "{\"tsk-0\":\"success\"}"), ("depends_on", "{\"task-0\":\"never\"}"), ("timeout", "\"10m\""), ("retry", "{\"max_attempts\":3}"), ("uses", "\"lint@2\""), ("matrix", "{\"a\":[\"1\"]}"),
        ("resources", "{\"cpu\":\"-1\",\"memory\":\"1e30\"}"), ("variables", "{\"A\":\"param{{x}}\"}"), ("variables", "{\"A=\":\"\",\"\":\"\",\"GOFER_\":\"\"}"),
    ];

    private static readonly Gen<Action<JsonTree>> _mutation = Gen.OneOf(
        Gen.Select(Gen.Int[0, 7], Gen.OneOf(_members), (place, member) => (Action<JsonTree>)(t => t.Set(place, $"\"{member.Name}\"", member.Value))),
        Gen.Select(Gen.Int[0, 500], Gen.OneOf(_values), (place, value) => (Action<JsonTree>)(t => t.Replace(place, value))),
        Gen.Select(Gen.Int[0, 500], Gen.OneOf(_names), Gen.OneOf(_values), (place, name, value) => (Action<JsonTree>)(t => t.Add(place, $"\"{name}\"", value))),
        Gen.Int[0, 500].Select(place => (Action<JsonTree>)(t => t.Remove(place))));

    private static readonly Gen<string> _hostile = Gen.Select(DocumentGens.Good, _mutation.Array[1, 4], (document, mutations) =>
    {
        using var json = JsonDocument.Parse(DocumentWriter.Write(document));
        var tree = JsonTree.Of(json.RootElement);
        foreach (var mutate in mutations) mutate(tree);
        return tree.ToString();
    });

    [Fact]
    public void A_hostile_document_is_refused_with_faults_that_lead_to_its_places_and_never_breaks_the_reader()
    {
        var outcomes = new ConcurrentDictionary<string, int>();
        _hostile.Sample(
            json =>
            {
                using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 10_000 });
                var result = DocumentReader.Read(document.RootElement, DocumentLimits.Default);
                outcomes.AddOrUpdate(result.Error?.Code ?? "accepted", 1, (_, n) => n + 1);
                if (result.IsOk) HoldsTogether(result.Value);
                else LeadsToItsPlaces(result.Error, document.RootElement);
            },
            iter: 2000, print: json => json.Length > 4000 ? json[..4000] : json);

        output.WriteLine(string.Join(", ", outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key}: {o.Value}")));
        foreach (var code in new[] { ErrorCodes.MalformedRequest, ErrorCodes.ValidationFailed, ErrorCodes.NotSupported, "accepted" }) Assert.True(outcomes.GetValueOrDefault(code) > 0, code);
        Assert.True(outcomes.Sum(o => o.Value) - outcomes["accepted"] >= 200);
    }

    [Fact]
    public void No_member_breaks_the_reader_with_any_hostile_value()
    {
        string[] later = ["on", "max_attempts", "initial_delay", "factor", "key", "limit", "user", "pass", "cpu", "memory"];
        string[] known = ["name", "description", "parallelism", "triggers", "notifications", "entrypoint", "command", "working_dir", "concurrency", "always_pull_newest_image", "allow_failure"];
        string[] groups = ["retry", "concurrency", "registry_auth", "resources", "matrix", "with"];

        foreach (var value in _values)
        {
            foreach (var name in _names.Concat(known))
            {
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b"}],"{{name}}":{{value}} }""");
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b","{{name}}":{{value}} }]}""");
            }

            foreach (var (group, name) in groups.SelectMany(g => later.Select(n => (g, n))))
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b","{{group}}":{"{{name}}":{{value}} } }]}""");
            Survives(value);
        }
    }

    private static void Survives(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 10_000 });
        var result = DocumentReader.Read(document.RootElement, DocumentLimits.Default);
        if (!result.IsOk) LeadsToItsPlaces(result.Error, document.RootElement);
    }

    private static void HoldsTogether(PipelineDocument document)
    {
        Assert.Equal(document.Tasks.Count, new TaskGraph(document.Tasks).Count);
        var written = DocumentWriter.Write(document);
        Assert.Equal(written, DocumentWriter.Write(Documents.Good(written)));
    }

    private static void LeadsToItsPlaces(Error error, JsonElement root)
    {
        Assert.Equal(error.Code == ErrorCodes.MalformedRequest ? ErrorKind.Malformed : ErrorKind.Invalid, error.Kind);
        Assert.NotEmpty(error.Faults!);
        Assert.All(error.Faults!, fault =>
        {
            var parent = fault.Pointer.Length == 0 ? "" : fault.Pointer[..fault.Pointer.LastIndexOf('/')];
            Assert.True(Documents.Leads(root, fault.Pointer) || Documents.Leads(root, parent), $"{fault.Pointer} leads nowhere: {fault.Message}");
            Assert.InRange(fault.Pointer.Length, 0, 4096);
            Assert.InRange(fault.Message.Length, 1, 1000);
            Assert.DoesNotContain(fault.Message, char.IsControl);
        });
    }
}
