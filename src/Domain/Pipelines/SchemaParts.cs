using System.Text.Json.Nodes;

namespace Gofer.Domain.Pipelines;

/// <summary>The pieces of which <see cref="PipelineSchema"/> is put together.</summary>
internal static class SchemaParts
{
    private const string Type = "type";

    /// <summary>Something of one type, with more keywords.</summary>
    public static JsonObject Of(string type, params (string Keyword, JsonNode? Value)[] keywords)
    {
        var schema = new JsonObject { [Type] = type };
        foreach (var (keyword, value) in keywords) schema[keyword] = value;
        return schema;
    }

    public static JsonObject Text(int? min = null, int? max = null, string? pattern = null, string[]? examples = null)
    {
        var schema = Of("string");
        if (min is { } least) schema["minLength"] = least;
        if (max is { } most) schema["maxLength"] = most;
        if (pattern is not null) schema["pattern"] = pattern;
        if (examples is not null) schema["examples"] = Array(examples);
        return schema;
    }

    public static JsonObject Integer(int min, int max) => Of("integer", ("minimum", min), ("maximum", max));

    /// <summary>One of the words, in any letter case; editors offer those that are <paramref name="shown"/>.</summary>
    public static JsonObject OneOf(string[] words, string[]? shown = null) => Either(
        new JsonObject { ["enum"] = Array(shown ?? words) }, Text(pattern: Whole(string.Join('|', words.Select(AnyCase)))));

    public static JsonObject Either(params JsonObject[] schemas) => new() { ["anyOf"] = new JsonArray([.. schemas]) };

    public static JsonObject Ref(string definition) => new() { ["$ref"] = $"#/$defs/{definition}" };

    public static JsonObject List(JsonObject? items = null, int min = 0, int? max = null)
    {
        var schema = Of("array");
        if (items is null) max = 0;
        else schema["items"] = items;
        if (min > 0) schema["minItems"] = min;
        if (max is { } most) schema["maxItems"] = most;
        return schema;
    }

    /// <summary>An object whose names are the author's own.</summary>
    public static JsonObject Map(JsonObject names, JsonObject values, int max) =>
        Of("object", ("propertyNames", names), ("additionalProperties", values), ("maxProperties", max));

    /// <summary>An object with these members and no others.</summary>
    public static JsonObject Members(string[] required, params (string Name, JsonObject Schema)[] members)
    {
        var properties = new JsonObject();
        foreach (var (name, schema) in members) properties[name] = schema;
        var all = Of("object", ("properties", properties), ("additionalProperties", false));
        if (required.Length > 0) all["required"] = Array(required);
        return all;
    }

    /// <summary>The same, or null for nothing; <paramref name="standing"/> is what nothing comes to.</summary>
    public static JsonObject Optional(JsonObject schema, JsonNode? standing = null)
    {
        if (schema[Type] is JsonValue type) schema[Type] = new JsonArray(type.DeepClone(), "null");
        else if (schema["anyOf"] is JsonArray choices) choices.Add(Of("null"));
        else if (!schema.ContainsKey("enum")) schema = Either(schema, Of("null"));
        else if (schema["enum"] is JsonArray values && !values.Contains(null)) values.Add(null);
        if (standing is not null) schema["default"] = standing;
        return schema;
    }

    public static JsonObject Described(string description, JsonObject schema)
    {
        var described = new JsonObject { ["description"] = description };
        return Merge(described, schema);
    }

    /// <summary>Moves the keywords of <paramref name="more"/> into <paramref name="schema"/>.</summary>
    public static JsonObject Merge(JsonObject schema, JsonObject more)
    {
        foreach (var (keyword, value) in more.ToList())
        {
            more.Remove(keyword);
            schema[keyword] = value;
        }

        return schema;
    }

    public static string Whole(string pattern) => $"^({pattern})$";

    /// <summary>A pattern that a word matches in any letter case; patterns of a schema have no switch for that.</summary>
    public static string AnyCase(string word) =>
        string.Concat(word.Select(c => char.IsAsciiLetter(c) ? $"[{char.ToUpperInvariant(c)}{char.ToLowerInvariant(c)}]" : c.ToString()));

    private static JsonArray Array(IEnumerable<string> words) => new([.. words.Select(w => JsonValue.Create(w))]);
}
