using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>Writes what a trigger does in its one normal form, which <see cref="TriggerReader.ReadStored"/> reads back.</summary>
public static class TriggerWriter
{
    /// <summary>What a trigger does that does not say it.</summary>
    private static readonly Dictionary<string, string> s_defaults = new()
    {
        ["overlap"] = TriggerReader.Of(default(OverlapPolicy)),
        ["zone"] = new ScheduleRule().Zone,
        ["dst"] = DstPolicies.Of(new ScheduleRule().Dst),
        ["catch_up"] = new ScheduleRule().CatchUp.ToString(),
        ["jitter"] = Duration.Text(TimeSpan.Zero),
    };

    /// <summary>The definition as JSON, each member with its value, those that say nothing left away.</summary>
    public static string Write(TriggerDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("id", definition.Id);
            json.WriteString("type", TriggerReader.Of(definition.Type));
            if (definition.Schedule is { } schedule) Write(json, schedule);
            if (definition.Upstream is { } upstream) Write(json, upstream);
            if (definition.Extension is { } extension) Write(json, extension);
            foreach (var (name, value) in definition.Hook?.Written.OrderBy(w => w.Key, StringComparer.Ordinal) ?? Enumerable.Empty<KeyValuePair<string, JsonElement>>())
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }

            json.WriteString("overlap", TriggerReader.Of(definition.Overlap));
            if (definition.Version is { } version) json.WriteNumber("version", version);
            if (definition.Params.Written is { } parameters)
            {
                json.WritePropertyName("params");
                parameters.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>
    /// Writes a declared trigger as a document's normal form has it: members in ordinal order at every level, defaults left out, so that triggers that do the same are the
    /// same text. <see cref="TriggerReader.ReadAll"/> reads it back.
    /// </summary>
    public static void Write(Utf8JsonWriter json, DeclaredTrigger declared)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(declared);
        using var whole = JsonDocument.Parse(Write(declared.Definition));
        var members = whole.RootElement.EnumerateObject().Where(m => !IsDefault(m)).ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal);
        if (declared.Enabled is { } enabled) members["enabled"] = JsonSerializer.SerializeToElement(enabled);
        json.WriteStartObject();
        foreach (var (name, value) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            json.WritePropertyName(name);
            Sorted(json, value);
        }

        json.WriteEndObject();
    }

    /// <summary>A time as definitions have it.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool IsDefault(JsonProperty member) => member.Name == "on"
        ? member.Value.GetArrayLength() == 1 && member.Value[0].ValueEquals("succeeded")
        : s_defaults.TryGetValue(member.Name, out var standing) && member.Value.ValueKind == JsonValueKind.String && member.Value.ValueEquals(standing);

    private static void Sorted(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    json.WritePropertyName(member.Name);
                    Sorted(json, member.Value);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Sorted(json, item);
                json.WriteEndArray();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, ScheduleRule schedule)
    {
        if (schedule.Cron is { } cron)
        {
            json.WriteString("expression", cron.Text);
            json.WriteString("zone", schedule.Zone);
            json.WriteString("dst", DstPolicies.Of(schedule.Dst));
        }
        else
        {
            json.WriteString("every", Duration.Text(schedule.Every!.Value));
            if (schedule.Anchor is { } anchor) json.WriteString("anchor", Text(anchor));
        }

        json.WriteString("catch_up", schedule.CatchUp.ToString());
        json.WriteString("jitter", Duration.Text(schedule.Jitter));
    }

    private static void Write(Utf8JsonWriter json, ExtensionRule extension)
    {
        json.WriteString("extension", extension.Name);
        if (extension.With.Count == 0) return;
        json.WriteStartObject("with");
        foreach (var (name, value) in extension.With.OrderBy(w => w.Key, StringComparer.Ordinal)) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, UpstreamRule upstream)
    {
        if (upstream.Namespace is { } home) json.WriteString("namespace", home);
        json.WriteString("pipeline", upstream.Pipeline);
        json.WriteStartArray("on");
        foreach (var outcome in upstream.On) json.WriteStringValue(outcome);
        json.WriteEndArray();
    }
}
