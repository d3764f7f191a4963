using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gofer.Application.Common;

/// <summary>JSON as the contract has it: <c>snake_case</c> members and enums, nulls written, times RFC 3339 in UTC.</summary>
public static class GoferJson
{
    /// <summary>How deep an input may be.</summary>
    public const int MaxDepth = 32;

    /// <summary>The options that everything of the API is written with.</summary>
    public static JsonSerializerOptions Options { get; } = Apply(new JsonSerializerOptions());

    /// <summary>Makes <paramref name="options"/> those of the contract.</summary>
    public static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = null; // names of variables and labels are the user's
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = MaxDepth;
        options.AllowDuplicateProperties = false;
        // Only what JSON itself asks for is escaped; the API answers JSON, never a page.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new UtcConverter());
        return options;
    }

    /// <summary>Times with a Z and no more digits than they have.</summary>
    private sealed class UtcConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));
    }
}
