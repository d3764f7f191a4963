using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Notifications;

/// <summary>Writes what is sent: for webhooks an event as the API has events, for Slack a message.</summary>
public static class NotificationPayload
{
    /// <summary>The type of the event that a run takes longer than its notification allows. No run's story has it: what is long is the notification's to say.</summary>
    public const string RunOverdue = "run.overdue";

    /// <summary>The most characters of a run's message that are sent.</summary>
    public const int MaxMessage = 2000;

    /// <summary>The body for such a notification, as UTF-8.</summary>
    public static byte[] Of(NotificationType type, NotificationFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, NotificationWriter.Options))
        {
            if (type == NotificationType.Slack) SlackMessage.Write(json, facts);
            else WriteEvent(json, facts);
        }

        return buffer.ToArray();
    }

    private static void WriteEvent(Utf8JsonWriter json, NotificationFacts facts)
    {
        json.WriteStartObject();
        json.WriteString("id", facts.Delivery);
        json.WriteString("type", facts.EventType);
        json.WriteString("time", Text(facts.Time));
        json.WriteString("namespace", facts.Namespace);
        json.WriteString("pipeline", facts.Pipeline);
        json.WriteNumber("run", facts.Run);
        json.WriteNull("task");
        json.WriteNull("attempt");
        json.WriteString("actor", facts.Actor);
        // Texts, as the data of every event of the API are; what is not known is left out.
        json.WriteStartObject("data");
        json.WriteString("notification_id", facts.Notification);
        json.WriteString("on", facts.Outcome.Word());
        json.WriteString("version", facts.Version.ToString(CultureInfo.InvariantCulture));
        Known(json, "reason", facts.Reason);
        Known(json, "message", facts.Message is { Length: > MaxMessage } message ? Cut(message) : facts.Message);
        Known(json, "duration", facts.Took is { } took ? Duration.Text(took) : null);
        Known(json, "started_at", facts.StartedAt is { } started ? Text(started) : null);
        Known(json, "ended_at", facts.EndedAt is { } ended ? Text(ended) : null);
        Known(json, "url", facts.Url);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Known(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }

    private static string Cut(string message) => message[..(char.IsHighSurrogate(message[MaxMessage - 1]) ? MaxMessage - 1 : MaxMessage)] + "…";

    /// <summary>As every time of the API: in UTC, with no more digits than it has.</summary>
    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
