using System.Text.Json;

namespace Gofer.Sdk.Extensions;

/// <summary>Something happened for which a pipeline waits. One that Gofer would refuse cannot be made: it would end the stream, each time anew.</summary>
public sealed record ExtensionEvent
{
    /// <summary>The most characters of an id.</summary>
    public const int MaxId = 255;

    /// <summary>The most characters of a cursor.</summary>
    public const int MaxCursor = 1024;

    /// <summary>The most bytes of data.</summary>
    public const int MaxData = 1 << 20;

    /// <param name="id">What names it in its subscription: 1 to 255 visible ASCII characters. What has the same id within 7 days is one event.</param>
    /// <param name="data">What there is to say about it: anything that is a JSON object, of at most 1 MiB.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public ExtensionEvent(string id, object? data = null)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length is < 1 or > MaxId || !IsVisible(id)) throw new ArgumentException($"An event's id is 1 to {MaxId} visible ASCII characters.", nameof(id));
        var bytes = data is null ? "{}"u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(data, JsonSerializerOptions.Web);
        if (bytes.Length > MaxData) throw new ArgumentException($"An event's data is at most {MaxData} bytes.", nameof(data));
        if (bytes[0] != '{' || !IsClean(bytes)) throw new ArgumentException("An event's data is a JSON object without NUL.", nameof(data));
        (Id, Data) = (id, bytes);
    }

    /// <summary>What names it in its subscription.</summary>
    public string Id { get; }

    /// <summary>Its data as JSON.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>When it happened; null is now.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>
    /// Where to go on after it: comes back as <see cref="ExtensionSubscription.Cursor"/> after a restart. At most 1,024 visible ASCII characters; empty
    /// keeps the one before.
    /// </summary>
    public string Cursor
    {
        get;
        init => field = value is { Length: <= MaxCursor } && IsVisible(value)
            ? value
            : throw new ArgumentException($"A cursor is at most {MaxCursor} visible ASCII characters.", nameof(Cursor));
    } = "";

    private static bool IsVisible(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsClean(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.GetString()!.Contains('\0', StringComparison.Ordinal)) return false;
        }

        return true;
    }
}

/// <summary>A request that somebody sent to the extension's URL at Gofer. Whether the sender is who it says is the extension's to verify.</summary>
/// <param name="Id">What names it, the same each time that it comes: ids of events are best made from it.</param>
/// <param name="Headers">Its headers, names in lower case.</param>
/// <param name="Body">Its body.</param>
public sealed record ExternalRequest(string Id, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>When Gofer received it.</summary>
    public DateTimeOffset ReceivedAt { get; init; }
}
