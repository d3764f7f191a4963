using System.Text.Json;

namespace Gofer.Domain.Common;

/// <summary>
/// Reads a JSON object member by member and gathers every fault on the way, so that an author mends a document once and not line by line.
/// Each member asked for is a known one; <see cref="Done"/> complains of the rest and names the nearest known.
/// </summary>
public sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly JsonPlace _place;

    internal JsonFields(JsonElement element, JsonPlace place, FaultList faults)
    {
        (_place, Faults) = (place, faults);
        foreach (var member in element.EnumerateObject())
        {
            // One that is not clean, or stands twice, was reported by JsonText.Check.
            if (JsonText.IsClean(member)) _members.TryAdd(member.Name, member.Value);
        }
    }

    /// <summary>Where the faults go.</summary>
    public FaultList Faults { get; }

    /// <summary>The object's own pointer.</summary>
    public string Pointer => _place.Pointer;

    /// <summary>The member of that name, absent or not.</summary>
    public JsonValue this[string name]
    {
        get
        {
            _known.Add(name);
            return new JsonValue(_members.GetValueOrDefault(name), _place.Member(name), Faults);
        }
    }

    /// <summary>
    /// Opens a whole body: checks every string and name in it, at any depth, and answers null where it is no object. All reading
    /// of a body starts here.
    /// </summary>
    public static JsonFields? Open(JsonElement root, FaultList faults)
    {
        JsonText.Check(root, faults);
        var body = new JsonValue(root, JsonPlace.Root, faults);
        if (root.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) body.Mistyped("an object");
        return body.Object();
    }

    /// <summary>Every member, in the author's order, for an object whose names are the author's own.</summary>
    internal IReadOnlyList<JsonValue> Entries() => [.. _members.Select(m => new JsonValue(m.Value, _place.Member(m.Key), Faults))];

    /// <summary>Complains of every member that was not asked for.</summary>
    public void Done()
    {
        foreach (var name in _members.Keys.Where(n => !_known.Contains(n)))
            Faults.Invalid(_place.Member(name).Pointer, $"There is no member {Shown.Quoted(name)} here.{Faults.Suggest(name, _known)}");
    }
}
