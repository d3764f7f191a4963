using System.Text;
using System.Text.Json;

namespace Gofer.Tests.Unit.Docs;

/// <summary>Writes the reference of the API from its OpenAPI document: every operation, and every representation member by member.</summary>
internal static class ApiReference
{
    private const string Head =
        """
        <!-- Made from docs/openapi.json; `make docs` writes it anew. -->
        # The API

        Every server describes itself: `/swagger` to try it, `/openapi/v1.json` for programs ([the same here](../openapi.json)).

        - JSON in `snake_case`; enums as lower-case strings; times in RFC 3339, UTC; durations as `90s` or `1h30m`.
        - Lists answer `{"items": […], "next_cursor": "…"}`: `limit` is 50, at most 500; `cursor` takes the `next_cursor` of the page before, which is `null` on the last. Runs and versions are
          newest first, events oldest first, tasks in the order of the document, everything else by name. Filters that are given twice are alternatives (`state=failed&state=cancelled`); labels
          (`label=team:data`) must all be there.
        - `{run}` is the run's number in its pipeline, or `latest`.
        - A refusal is a problem document with a stable [code](errors.md).
        - `Idempotency-Key`: the same key with the same request within 24 hours gets the first answer again, with `Idempotency-Replayed: true`.
        - What can be changed has an `ETag`; `If-Match` with another one is 412.
        - `follow=true` answers `text/event-stream`: `event: log`, `run`, `task` or the event's type, at last `event: end` with `{"state", "reason"}`; a comment
          every 15 seconds; `Last-Event-ID` goes on after that event.

        """;

    /// <summary>The page.</summary>
    public static string Generate(JsonElement document)
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(o => (Path: p.Name, Method: o.Name.ToUpperInvariant(), Said: o.Value)))
            .ToList();
        foreach (var group in operations.GroupBy(o => o.Said.GetProperty("tags")[0].GetString()!))
        {
            page.Append($"\n## {group.Key}\n");
            foreach (var (path, method, said) in group) Describe(page, path, method, said);
        }

        page.Append("\n## Representations\n");
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject().Where(s => s.Value.TryGetProperty("properties", out _) || s.Value.TryGetProperty("enum", out _)))
        {
            Represent(page, schema.Name, schema.Value);
        }

        return page.ToString();
    }

    private static void Describe(StringBuilder page, string path, string method, JsonElement operation)
    {
        page.Append($"\n### {operation.GetProperty("operationId").GetString()}\n\n{operation.GetProperty("summary").GetString()}.\n\n```text\n{method} {path}\n```\n");
        var parameters = operation.TryGetProperty("parameters", out var all)
            ? all.EnumerateArray().Where(p => p.GetProperty("in").GetString() != "path").Select(p => $"`{p.GetProperty("name").GetString()}`{(p.GetProperty("in").GetString() == "header" ? " (header)" : "")}").ToList()
            : [];
        var facts = new List<string>();
        if (parameters.Count > 0) facts.Add($"Parameters: {string.Join(", ", parameters)}.");
        if (operation.TryGetProperty("requestBody", out var body)) facts.Add($"Body: {Content(body)}.");
        foreach (var answer in operation.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] == '2'))
        {
            facts.Add($"Answers {answer.Name}{(Content(answer.Value) is { Length: > 0 } content ? $": {content}" : "")}.");
        }

        if (facts.Count > 0) page.Append($"\n{string.Join(' ', facts)}\n");
    }

    private static string Content(JsonElement holder) => holder.TryGetProperty("content", out var content)
        ? string.Join(" or ", content.EnumerateObject().Select(c => c.Value.TryGetProperty("schema", out var schema) && c.Name == "application/json" ? TypeOf(schema) : $"`{c.Name}`"))
        : "";

    private static void Represent(StringBuilder page, string name, JsonElement schema)
    {
        page.Append($"\n### {name}\n");
        if (Text(schema) is { Length: > 0 } text) page.Append($"\n{text}\n");
        if (schema.TryGetProperty("enum", out var values))
        {
            page.Append($"\nOne of {string.Join(", ", values.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => $"`{v.GetString()}`"))}.\n");
            return;
        }

        page.Append("\n| Member | Type | |\n|---|---|---|\n");
        foreach (var member in schema.GetProperty("properties").EnumerateObject()) page.Append($"| `{member.Name}` | {TypeOf(member.Value)} | {Text(member.Value)} |\n");
    }

    private static string Text(JsonElement schema) =>
        schema.TryGetProperty("description", out var text) ? text.GetString()!.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal) : "";

    private static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            return name == "JsonElement" ? "any" : $"[{name}](#{name.ToLowerInvariant()})";
        }

        if (schema.TryGetProperty("oneOf", out var options) || schema.TryGetProperty("anyOf", out options)) return string.Join(" or ", options.EnumerateArray().Select(TypeOf));
        if (!schema.TryGetProperty("type", out var type)) return "any";
        var names = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(t => t.GetString()!).ToList() : [type.GetString()!];
        return string.Join(" or ", names.Select(n => n switch
        {
            "array" => $"array of {TypeOf(schema.GetProperty("items"))}",
            "object" when schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object => $"map to {TypeOf(values)}",
            "string" when schema.TryGetProperty("format", out var format) && format.GetString() == "date-time" => "time",
            _ => n,
        }));
    }
}
