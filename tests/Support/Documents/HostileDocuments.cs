using System.Text.Json;
using CsCheck;
using Gofer.Domain.Pipelines;

namespace Gofer.Tests.Support.Documents;

/// <summary>Documents that somebody wrote who wants to break the reader.</summary>
public static class HostileDocuments
{
    private static readonly string _huge = JsonSerializer.Serialize(new string('x', 70_000));
    private static readonly string _deep = new string('[', 2000) + new string(']', 2000);
    private static readonly string _deepObject = string.Concat(Enumerable.Repeat("{\"a\":", 2000)) + "\"\\u0000\"" + new string('}', 2000);

    /// <summary>Values that no member expects, as JSON text.</summary>
    public static IReadOnlyList<string> Values { get; } =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "-1e-400", "99999999999999999999", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\udfff\\ud800\"", "\"\\ud83d\\ude00\"",
        "[]", "{}", "[null]", "[[]]", "[{}]", "[1,\"a\",null,{}]", "{\"\":\"\"}", "{\"a\":null}", "{\"a\":1,\"a\":2}", "{\"\\ud800\":\"x\"}", "{\"~/\":\"x\"}", "{\"GOFER_X\":\"x\"}", "{\"A=B\":\"x\"}",
        "\"task-0\"", "\"nightly\"", "\"../../etc\"", "\"a\\/b~\"", "\"pipeline_secret{{x}}\"", "\"success\"", "\"500m\"", "{\"Task_1\":\"any\",\"task-0\":\"Success\"}", "{\"task-0\":\"success\",\"nobody\":\"any\"}",
        _huge, _deep, _deepObject, $"{{{_huge}:{_huge}}}", $"{{{_huge}:[\"\\u0000\"]}}",
    ];

    /// <summary>Names of members, known, later, near and odd, as they stand between the quotes of JSON.</summary>
    public static IReadOnlyList<string> Names { get; } =
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
        Gen.Select(Gen.Int[0, 500], Gen.OneOf([.. Values]), (place, value) => (Action<JsonTree>)(t => t.Replace(place, value))),
        Gen.Select(Gen.Int[0, 500], Gen.OneOf([.. Names]), Gen.OneOf([.. Values]), (place, name, value) => (Action<JsonTree>)(t => t.Add(place, $"\"{name}\"", value))),
        Gen.Int[0, 500].Select(place => (Action<JsonTree>)(t => t.Remove(place))));

    /// <summary>A good document with one to four changes, most of which make it a bad one; as JSON text.</summary>
    public static Gen<string> Texts { get; } = Gen.Select(DocumentGens.Good, _mutation.Array[1, 4], (document, mutations) =>
    {
        using var json = JsonDocument.Parse(DocumentWriter.Write(document));
        var tree = JsonTree.Of(json.RootElement);
        foreach (var mutate in mutations) mutate(tree);
        return tree.ToString();
    });
}
