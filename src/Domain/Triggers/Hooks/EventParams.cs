using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>The parameters that an event gives its run: values as they stand, or what is at a place of the event.</summary>
public sealed class EventParams
{
    /// <summary>The most parameters.</summary>
    public const int MaxCount = 100;

    /// <summary>The longest value, in bytes of UTF-8.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly IReadOnlyList<(string Name, JsonElement? Value, EventPlace? Place, JsonElement? Default)> _entries;

    private EventParams(IReadOnlyList<(string, JsonElement?, EventPlace?, JsonElement?)> entries, JsonElement? written) => (_entries, Written) = (entries, written);

    /// <summary>None.</summary>
    public static EventParams None { get; } = new([], null);

    /// <summary>As they were written; null where they were not.</summary>
    public JsonElement? Written { get; }

    /// <summary>Reads them; what is wrong goes into the faults.</summary>
    public static EventParams Read(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var entries = member.Entries("""{"region":"eu","sha":{"pointer":"/after"}}""");
        if (entries.Count > MaxCount) member.Invalid($"There are {entries.Count} parameters; at most {MaxCount} are allowed.");
        return member.IsAbsent ? None : new EventParams([.. entries.Where(e => !e.IsAbsent).Select(ReadEntry)], member.Raw());
    }

    /// <summary>
    /// The values for an event: those that were <paramref name="given"/> by hand stand in place of the trigger's. False, and the sentence why, where one is not there that has no default, or is too long.
    /// </summary>
    public bool TryResolve(EventContent content, IReadOnlyDictionary<string, JsonElement>? given, out IReadOnlyDictionary<string, JsonElement> values, out string? complaint)
    {
        ArgumentNullException.ThrowIfNull(content);
        var found = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        (values, complaint) = (found, null);
        foreach (var (name, value, place, standing) in _entries)
        {
            if (given?.ContainsKey(name) == true) continue;
            var resolved = value ?? place?.ValueIn(content);
            if (resolved is null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined }) resolved = standing;
            if (resolved is not { } there)
            {
                complaint = $"The parameter '{name}' is to come from the event, and {place!.Label} is not there.";
                return false;
            }

            // An object or an array is its JSON text: parameters hold nothing that is deep.
            if (there.ValueKind is JsonValueKind.Object or JsonValueKind.Array && EventContent.TextOf(there) is { } json) there = JsonSerializer.SerializeToElement(json);
            if (!JsonText.IsClean(there))
            {
                complaint = $"The parameter '{name}' is to come from the event, and what stands there is no text: it holds a NUL, half of a surrogate pair, or bytes that are not UTF-8.";
                return false;
            }

            if (Encoding.UTF8.GetByteCount(EventContent.TextOf(there)!) > MaxBytes)
            {
                complaint = $"The parameter '{name}' is longer than {MaxBytes} bytes.";
                return false;
            }

            found[name] = there;
        }

        foreach (var (name, value) in given ?? new Dictionary<string, JsonElement>()) found[name] = value;
        return true;
    }

    /// <summary>Complains where a run with those parameters would take none of these values: it would be wanted at each event and never made.</summary>
    internal void Check(IReadOnlyList<ParamDefinition> declared, JsonValue member)
    {
        var names = declared.Select(p => p.Name).ToList();
        foreach (var (name, value, _, standing) in _entries)
        {
            if (declared.FirstOrDefault(p => p.Name == name) is not { } parameter)
            {
                member.Invalid($"The pipeline has no parameter {Shown.Quoted(name)}.{member.Faults.Suggest(name, names)}");
            }
            else if ((value ?? standing) is { } given && parameter.Complaint(given) is { } complaint)
            {
                member.Invalid($"The parameter '{name}' {complaint}.");
            }
        }

        foreach (var parameter in declared.Where(p => p.Default is null && !_entries.Any(e => e.Name == p.Name)))
        {
            member.Invalid($"The parameter '{parameter.Name}' is missing; it has no default, so each run must be given one.");
        }
    }

    private static (string Name, JsonElement? Value, EventPlace? Place, JsonElement? Default) ReadEntry(JsonValue entry)
    {
        if (entry.Raw() is not { ValueKind: JsonValueKind.Object }) return (entry.Name, entry.Scalar()?.Clone(), null, null);
        var fields = entry.Object()!;
        var (place, standing) = (EventPlace.Read(fields), fields["default"].Scalar()?.Clone());
        fields.Done();
        return (entry.Name, null, place, standing);
    }
}
