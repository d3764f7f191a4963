using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gofer.Tests.Integration.Serving;

/// <summary>Pipeline documents of tests.</summary>
internal static class Documents
{
    /// <summary>One task, <c>t</c>, that runs a shell script.</summary>
    public static string Script(string id, string script) => Of(id, Step("t", script));

    /// <summary>A pipeline of these tasks.</summary>
    public static string Of(string id, params JsonObject[] tasks) => new JsonObject { ["id"] = id, ["tasks"] = new JsonArray([.. tasks]) }.ToJsonString();

    /// <summary>A task that runs a shell script after its parents, each with its condition.</summary>
    public static JsonObject Step(string id, string script, params (string Parent, string Condition)[] parents) => new()
    {
        ["id"] = id,
        ["image"] = "busybox:latest",
        ["command"] = new JsonArray("sh", "-c", script),
        ["depends_on"] = new JsonObject(parents.Select(p => KeyValuePair.Create(p.Parent, (JsonNode?)p.Condition))),
    };

    /// <summary>The document with more members of the pipeline.</summary>
    public static string With(string members, string document) => $"{{{members},{document[1..]}";

    /// <summary>The task with more members.</summary>
    public static JsonObject And(this JsonObject task, string members)
    {
        foreach (var (name, value) in JsonNode.Parse($"{{{members}}}")!.AsObject()) task[name] = value?.DeepClone();
        return task;
    }

    /// <summary>Text as a JSON string.</summary>
    public static string Quoted(string text) => JsonSerializer.Serialize(text);
}
