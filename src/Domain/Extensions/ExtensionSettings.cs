using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Extensions;

/// <summary>Reads what an extension, or a subscription of it, is given: a map of names to values, which are text, or a reference to a secret in place of all of it.</summary>
public static partial class ExtensionSettings
{
    /// <summary>
    /// The map; empty where the member is absent. Numbers and booleans become the text that they are. Secrets of a pipeline and its namespace can be given only where there is a
    /// pipeline.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> Read(JsonValue member, int most, int bytes, bool ofPipeline)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var entries = member.Entries("""{"name": "value"}""");
        if (entries.Count > most) member.Invalid($"There are {entries.Count} values; at most {most} are allowed.");
        foreach (var entry in entries)
        {
            if (!Names().IsMatch(entry.Name)) entry.Invalid($"{Shown.Quoted(entry.Name)} is no name of a parameter: those are 1 to 63 of a-z 0-9 '_', the first a letter.");
            if (TextOf(entry) is not { } text) continue;
            if (Encoding.UTF8.GetByteCount(text) is var length && length > bytes) entry.Invalid($"The value of '{entry.Name}' is {length} bytes long; at most {bytes} are allowed.");
            else if (Complaint(text, ofPipeline) is { } complaint) entry.Invalid($"{entry.Label} {complaint}");
            settings[entry.Name] = text;
        }

        return settings;
    }

    /// <summary>
    /// What is wrong with values for the parameters that an extension describes, by name; of a reference to a secret only whether it is given. Nothing where
    /// all is well.
    /// </summary>
    public static IEnumerable<(string Name, string Message)> Check(IReadOnlyDictionary<string, string> values, IReadOnlyList<ExtensionParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (var (name, value) in values)
        {
            if (parameters.FirstOrDefault(p => p.Name == name) is not { } parameter)
            {
                var near = Nearest.Of(name, parameters.Select(p => p.Name)) is { } found ? $" Did you mean '{found}'?" : "";
                yield return (name, $"The extension has no parameter {Shown.Quoted(name)}.{near}");
            }
            else if (Interpolation.Parse(value) is null && Complaint(value, parameter.Type) is { } complaint)
            {
                yield return (name, $"'{name}' {complaint}");
            }
        }

        foreach (var parameter in parameters.Where(p => p.Required && !values.ContainsKey(p.Name)))
        {
            yield return (parameter.Name, $"'{parameter.Name}' is missing, which the extension needs{(parameter.Documentation.Length > 0 ? $": {Shown.Cut(parameter.Documentation, 200)}" : ".")}");
        }
    }

    /// <summary>Why the text is no value of that type; null where it is one.</summary>
    private static string? Complaint(string value, ExtensionParameterType type) => type switch
    {
        ExtensionParameterType.Int when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) => "must be a whole number.",
        ExtensionParameterType.Number when !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number) => "must be a number.",
        ExtensionParameterType.Bool when value is not ("true" or "false") => "must be true or false.",
        _ => null,
    };

    private static string? Complaint(string text, bool ofPipeline)
    {
        if (Interpolation.Parse(text) is not { } found) return null;
        if (!Interpolation.IsSecret(found.Kind)) return "may stand for a secret and for nothing else.";
        if (!ofPipeline && found.Kind != Interpolation.GlobalSecret) return "may stand for a global secret: an extension belongs to no pipeline and to no namespace.";
        return Slug.Complaint(found.Key) is { } complaint ? $"stands for a secret whose key {complaint}" : null;
    }

    private static string? TextOf(JsonValue entry) => entry.Scalar() switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } plain => plain.GetRawText(),
    };

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$", RegexOptions.NonBacktracking)]
    private static partial Regex Names();
}
