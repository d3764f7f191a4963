using System.Buffers;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// The events of one run that one transaction adds, as one row: a JSON array of <c>[type, task, attempt, data, at]</c>, of which nulls at
/// the end are left out and the time only where it is not that of the first.
/// </summary>
internal static class EventPack
{
    public static string Of(IReadOnlyList<RunEvent> events)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * events.Count);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        foreach (var e in events) Write(json, e, events[0].At);
        json.WriteEndArray();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, RunEvent e, DateTimeOffset first)
    {
        var last = e.At != first ? 4 : e.Data.Count > 0 ? 3 : e.Attempt is not null ? 2 : e.Task is not null ? 1 : 0;
        json.WriteStartArray();
        json.WriteStringValue(e.Type);
        if (last >= 1) Write(json, e.Task);
        if (last >= 2) Write(json, e.Attempt);
        if (last >= 3) Write(json, e.Data);
        if (last >= 4) json.WriteStringValue(e.At);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, int? number)
    {
        if (number is { } some) json.WriteNumberValue(some);
        else json.WriteNullValue();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string> data)
    {
        json.WriteStartObject();
        foreach (var (key, value) in data) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
