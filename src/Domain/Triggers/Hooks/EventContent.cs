using System.Text;
using System.Text.Json;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>What came with an event: headers, whose names know no letter case, and the body as bytes. It is read as JSON once, where somebody asks.</summary>
public sealed class EventContent(IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> body)
{
    /// <summary>How deep a body may be that is read as JSON.</summary>
    public const int MaxDepth = 64;

    private readonly Lazy<JsonElement?> _json = new(() => Parse(body));

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Body => body;

    /// <summary>The body as JSON; null where it is none.</summary>
    public JsonElement? Json => _json.Value;

    /// <summary>The header of that name in any letter case; null where there is none.</summary>
    public string? Header(string name)
    {
        if (headers.TryGetValue(name, out var value)) return value;
        foreach (var (key, text) in headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return text;
        }

        return null;
    }

    /// <summary>The value at that place of the body; null where there is none.</summary>
    public JsonElement? At(JsonPointer pointer) => Json is { } root ? pointer.Find(root) : null;

    private static JsonElement? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The text of a value as filters compare it: a string's own, anything else as it is written; null where it is no text.</summary>
    internal static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : Compact(value.GetRawText());
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate, or bytes that are not UTF-8
        }
    }

    /// <summary>JSON without the space between its parts. Strings stay as they are written, so that whatever escapes they hold nothing can fail.</summary>
    private static string Compact(string json)
    {
        if (!json.AsSpan().ContainsAny(" \t\r\n")) return json;
        var text = new StringBuilder(json.Length);
        var inside = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inside && c == '\\') text.Append(c).Append(json[++i]);
            else if (inside || c is not (' ' or '\t' or '\r' or '\n')) text.Append(c);
            if (c == '"') inside = !inside;
        }

        return text.ToString();
    }
}
