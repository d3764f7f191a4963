using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>What a parameter's value is.</summary>
public enum ParamType
{
    /// <summary>Text.</summary>
    String,

    /// <summary>A whole number of 64 bits.</summary>
    Int,

    /// <summary>A number, a fraction too.</summary>
    Number,

    /// <summary>True or false.</summary>
    Bool,
}

/// <summary>
/// A parameter that a run of the pipeline takes. Values are kept as text in one normal form by type; <paramref name="Default"/> null makes
/// it a parameter that every run must give; empty <paramref name="Choices"/> allow any value of the type.
/// </summary>
public sealed record ParamDefinition(string Name, ParamType Type, string? Default, IReadOnlyList<string> Choices, string Description)
{
    /// <summary>
    /// Reads a value of the type, as JSON of it or as text that says it (a command line has only text); null, with the complaint, where it is
    /// another thing.
    /// </summary>
    public static string? Read(ParamType type, JsonElement value, out string? complaint)
    {
        complaint = null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String when JsonText.IsClean(value) => value.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False when type != ParamType.String => value.GetRawText(),
            _ => null,
        };
        var read = text is null ? null : Normal(type, text);
        if (read is null) complaint = $"must be {Words(type)}";
        return read;
    }

    /// <summary>What is wrong with a value that is given, to follow the parameter's name; null where it is good.</summary>
    public string? Complaint(JsonElement given)
    {
        if (Read(Type, given, out var complaint) is not { } value) return $"{complaint}, not {Shown.Of(given.GetRawText())}";
        return Choices.Count == 0 || Choices.Contains(value) ? null : $"is {Shown.Quoted(value)}; it must be one of {Offer(Choices)}";
    }

    /// <summary>The value as JSON of its type.</summary>
    public static string Json(ParamType type, string value) => type == ParamType.String ? JsonSerializer.Serialize(value) : value;

    /// <summary>How a sentence lists choices, of which there may be many long ones.</summary>
    public static string Offer(IReadOnlyList<string> choices) =>
        string.Join(", ", choices.Take(10).Select(Shown.Of)) + (choices.Count > 10 ? $", … ({choices.Count - 10} more)" : "");

    /// <summary>How a sentence names the type.</summary>
    public static string Words(ParamType type) => type switch
    {
        ParamType.Int => "a whole number",
        ParamType.Number => "a number",
        ParamType.Bool => "true or false",
        _ => "a string",
    };

    private static string? Normal(ParamType type, string text) => type switch
    {
        ParamType.Int => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole.ToString(CultureInfo.InvariantCulture) : null,
        ParamType.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number.ToString("R", CultureInfo.InvariantCulture) : null,
        ParamType.Bool => text is "true" or "false" ? text : null,
        _ => text,
    };
}
