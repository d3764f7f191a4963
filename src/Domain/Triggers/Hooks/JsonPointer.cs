using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>A place in a JSON text, by RFC 6901.</summary>
public sealed class JsonPointer
{
    /// <summary>The longest pointer, in characters.</summary>
    public const int MaxLength = 512;

    private readonly string[] _parts;

    private JsonPointer(string text, string[] parts) => (Text, _parts) = (text, parts);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a pointer; what is wrong goes into the faults.</summary>
    internal static JsonPointer? Read(JsonValue member)
    {
        if (member.Text(MaxLength) is not { } text || text.Length > MaxLength) return null;
        if (TryParse(text, out var pointer)) return pointer;
        member.Invalid($"{member.Label} is {Shown.Quoted(text)}; it must be a JSON pointer such as /pull_request/number ('~1' stands for '/', '~0' for '~').");
        return null;
    }

    /// <summary>Reads a pointer; false where the text is none.</summary>
    public static bool TryParse(string text, out JsonPointer? pointer)
    {
        ArgumentNullException.ThrowIfNull(text);
        pointer = null;
        if (text.Length > 0 && text[0] != '/') return false;
        var parts = text.Length == 0 ? [] : text[1..].Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            for (var tilde = parts[i].IndexOf('~', StringComparison.Ordinal); tilde >= 0; tilde = parts[i].IndexOf('~', tilde + 1))
            {
                if (tilde + 1 >= parts[i].Length || parts[i][tilde + 1] is not ('0' or '1')) return false;
            }

            parts[i] = parts[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        }

        pointer = new JsonPointer(text, parts);
        return true;
    }

    /// <summary>The value there; null where there is none.</summary>
    public JsonElement? Find(JsonElement root)
    {
        var at = root;
        foreach (var part in _parts)
        {
            if (at.ValueKind == JsonValueKind.Object && Member(at, part) is { } member) at = member;
            else if (at.ValueKind == JsonValueKind.Array && IndexOf(part) is { } index && index < at.GetArrayLength()) at = at[index];
            else return null;
        }

        return at;
    }

    /// <summary>The last member of that name. A name that is no text is passed over: to compare it throws.</summary>
    private static JsonElement? Member(JsonElement at, string name)
    {
        try
        {
            return at.TryGetProperty(name, out var member) ? member : null;
        }
        catch (InvalidOperationException)
        {
            JsonElement? found = null;
            foreach (var member in at.EnumerateObject())
            {
                if (JsonText.IsClean(member) && member.NameEquals(name)) found = member.Value;
            }

            return found;
        }
    }

    /// <summary>An index has no leading zero and no sign.</summary>
    private static int? IndexOf(string part) =>
        part == "0" || (part.Length is > 0 and < 10 && part[0] != '0') ? int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null : null;
}
