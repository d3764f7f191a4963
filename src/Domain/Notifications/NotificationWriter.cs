using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Notifications;

/// <summary>
/// Writes notifications in their one normal form: members in ordinal order, defaults left out. Those that mean the same are the same text, and reading it gives
/// the notification back.
/// </summary>
public static class NotificationWriter
{
    /// <summary>Not for HTML: text stays readable.</summary>
    internal static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The normalised notification as compact JSON.</summary>
    public static string Write(NotificationDefinition notification)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options)) Write(json, notification);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes the normalised notification as a value of something larger.</summary>
    public static void Write(Utf8JsonWriter json, NotificationDefinition notification)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(notification);
        json.WriteStartObject();
        if (!notification.Enabled) json.WriteBoolean("enabled", false);
        json.WriteString("id", notification.Id);
        if (notification.LongerThan is { } time) json.WriteString("longer_than", Duration.Text(time));
        json.WriteStartArray("on");
        foreach (var outcome in notification.On) json.WriteStringValue(outcome.Word());
        json.WriteEndArray();
        if (notification.Secret is { } secret) json.WriteString("secret", secret);
        json.WriteString("type", notification.Type.Word());
        json.WriteString("url", notification.Url);
        json.WriteEndObject();
    }
}
