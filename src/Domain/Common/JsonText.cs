using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Gofer.Domain.Common;

/// <summary>
/// What JSON's grammar lets through and no program should meet: NUL and lone surrogates in strings, bytes that are not UTF-8, and
/// members that stand twice in one object. It looks at the raw bytes, because reading such a string throws, and exceptions by the
/// hundred thousand are a way to stop a server.
/// </summary>
public static class JsonText
{
    /// <summary>Whether the string can be read and holds no NUL.</summary>
    internal static bool IsClean(JsonElement text) => Complaint(JsonMarshal.GetRawUtf8Value(text)) is null;

    /// <summary>Whether the member's name can be read and holds no NUL.</summary>
    internal static bool IsClean(JsonProperty member) => Complaint(JsonMarshal.GetRawUtf8PropertyName(member)) is null;

    /// <summary>Reports every such place in <paramref name="root"/>, however deep.</summary>
    public static void Check(JsonElement root, FaultList faults)
    {
        // A stack of our own: how deep a document may be is the parser's setting, and ours is not to overflow at any.
        var open = new Stack<(JsonElement Value, JsonPlace Place)>();
        Visit(root, JsonPlace.Root, null, -1);
        while (open.TryPop(out var next))
        {
            if (next.Value.ValueKind == JsonValueKind.Array)
            {
                var index = 0;
                foreach (var item in next.Value.EnumerateArray()) Visit(item, next.Place, null, index++);
                continue;
            }

            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in next.Value.EnumerateObject())
            {
                if (Complaint(JsonMarshal.GetRawUtf8PropertyName(member)) is { } complaint)
                {
                    faults.Malformed(next.Place.Pointer, $"The name of a member {complaint}");
                    continue;
                }

                if (!names.Add(member.Name)) faults.Malformed(next.Place.Member(member.Name).Pointer, $"The member {Shown.Quoted(member.Name)} stands twice.");
                Visit(member.Value, next.Place, member.Name, -1);
            }
        }

        void Visit(JsonElement value, JsonPlace parent, string? name, int index)
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                if (Complaint(JsonMarshal.GetRawUtf8Value(value)) is { } complaint) faults.Malformed(Place().Pointer, $"The text {complaint}");
            }
            else if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                open.Push((value, Place()));
            }

            JsonPlace Place() => name is not null ? parent.Member(name) : index >= 0 ? parent.Item(index) : parent;
        }
    }

    private static string? Complaint(ReadOnlySpan<byte> raw)
    {
        if (!Utf8.IsValid(raw)) return "holds bytes that are not UTF-8.";

        for (var afterHigh = false; ;)
        {
            var at = raw.IndexOf((byte)'\\');
            var unit = at >= 0 && raw[at + 1] == 'u' ? (char)ushort.Parse(raw.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : '-';
            var completes = afterHigh && at == 0 && char.IsLowSurrogate(unit);
            if (afterHigh != completes || (char.IsLowSurrogate(unit) && !completes)) return "holds half of a surrogate pair, which is no character.";
            if (at < 0) return null;
            if (unit == '\0') return "holds a NUL.";

            afterHigh = char.IsHighSurrogate(unit);
            raw = raw[(at + (raw[at + 1] == 'u' ? 6 : 2))..];
        }
    }
}
