using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>Reads the maps whose names are the user's own, variables and labels, by one set of rules in documents and in runs.</summary>
public static class UserMaps
{
    /// <summary>How the names of the system's own variables start.</summary>
    public const string ReservedPrefix = "GOFER_";

    /// <summary>
    /// Environment variables; a null value is no variable. <paramref name="interpolates"/> judges a value that may stand for another one;
    /// without it none may.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Variables(JsonValue map, DocumentLimits limits, Action<JsonValue, string>? interpolates = null)
    {
        return Read(map, limits.Variables, "variables", NameComplaint, (entry, value) =>
        {
            var bytes = Encoding.UTF8.GetByteCount(value);
            if (bytes > limits.VariableBytes) entry.Invalid($"{entry.Label} is {bytes} bytes long; at most {limits.VariableBytes} are allowed in a variable.");
            (interpolates ?? RefuseInterpolation)(entry, value);
        });

        string? NameComplaint(string name) => name switch
        {
            "" => "A variable needs a name.",
            _ when name.Length > limits.VariableName => $"The name of a variable is {name.Length} characters long; at most {limits.VariableName} are allowed.",
            _ when name.Contains('=', StringComparison.Ordinal) => $"The name of a variable may not hold '=': {Shown.Quoted(name)}.",
            _ when name.StartsWith(ReservedPrefix, StringComparison.Ordinal) => $"{Shown.Quoted(name)} is reserved: names that start with {ReservedPrefix} are the system's own.",
            _ => null,
        };
    }

    /// <summary>Labels; a null value is no label.</summary>
    public static IReadOnlyDictionary<string, string> Labels(JsonValue map, DocumentLimits limits)
    {
        return Read(map, limits.Labels, "labels", KeyComplaint, (entry, _) => entry.Text(limits.LabelValue));

        string? KeyComplaint(string key) => key switch
        {
            "" => "A label needs a key.",
            _ when key.Length > limits.LabelKey => $"The key of a label is {key.Length} characters long; at most {limits.LabelKey} are allowed.",
            // A filter is written label=key:value.
            _ when key.Any(c => c == ':' || char.IsWhiteSpace(c) || char.IsControl(c)) => $"The key of a label may hold neither ':' nor white space: {Shown.Quoted(key)}.",
            _ => null,
        };
    }

    /// <summary>Refuses a value that stands for a secret, an object or a parameter, rather than pass it on as text.</summary>
    internal static void RefuseInterpolation(JsonValue value, string text)
    {
        if (Interpolation.KindOf(text) is { } kind) value.Unsupported($"{value.Label}: {kind}{{{{…}}}} is not supported by this version.");
    }

    private static Dictionary<string, string> Read(JsonValue map, int limit, string what, Func<string, string?> complaintOf, Action<JsonValue, string> check)
    {
        var entries = map.Entries();
        if (entries.Count > limit) map.Invalid($"There are {entries.Count} {what}; at most {limit} are allowed.");

        var read = new Dictionary<string, string>(entries.Count, StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (complaintOf(entry.Name) is { } complaint) entry.Invalid(complaint);
            if (entry.Text() is not { } value) continue;
            check(entry, value);
            read[entry.Name] = value;
        }

        return read;
    }
}
