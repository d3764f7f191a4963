using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Notifications;

/// <summary>Reads notifications, and where they are wrong says everything that is, each complaint with its place.</summary>
public static class NotificationReader
{
    private const string Like = """{"id":"oncall","on":["failed"],"type":"webhook","url":"https://…"}""";

    /// <summary>Reads a body that is one notification. That of a namespace may not name a pipeline's secrets: of many it would be another's each time.</summary>
    public static Result<NotificationDefinition> Read(JsonElement root, bool isOfNamespace = false)
    {
        var faults = new FaultList();
        if (JsonFields.Open(root, faults) is not { } fields) return faults.ToError()!;
        var read = Read(fields, isOfNamespace);
        return faults.ToError() is { } error ? error : read;
    }

    /// <summary>Reads the list of a document's member; null where it is absent.</summary>
    public static IReadOnlyList<NotificationDefinition>? ReadAll(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.IsAbsent) return null;
        var items = member.Items($"[{Like}]");
        if (items.Count > NotificationDefinition.MaxCount)
        {
            member.Invalid($"There are {items.Count} notifications; at most {NotificationDefinition.MaxCount} are allowed.");
        }

        var read = new List<NotificationDefinition>(items.Count);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.Object(Like) is not { } fields) continue;
            var notification = Read(fields, isOfNamespace: false);
            if (notification.Id.Length > 0 && !ids.Add(notification.Id)) fields["id"].Invalid($"The notification {Shown.Quoted(notification.Id)} is defined twice.");
            read.Add(notification);
        }

        return read;
    }

    /// <summary>Reads back what <see cref="NotificationWriter"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The text is no notification: what stores it is damaged.</exception>
    public static NotificationDefinition ReadStored(string normalised)
    {
        using var json = JsonDocument.Parse(normalised);
        var result = Read(json.RootElement);
        return result.IsOk ? result.Value : throw new InvalidDataException($"A stored notification cannot be read: {result.Error.Message}");
    }

    private static NotificationDefinition Read(JsonFields fields, bool isOfNamespace)
    {
        var on = On(fields["on"]);
        var word = fields["type"].Required().Choice(NotificationWords.TypeChoices);
        var type = word is null ? (NotificationType?)null : (NotificationType)Array.IndexOf(NotificationWords.TypeChoices, word);
        var notification = new NotificationDefinition
        {
            Id = DocumentReader.Id(fields["id"]),
            On = on,
            Type = type ?? NotificationType.Webhook,
            Url = Url(fields["url"], isOfNamespace),
            Secret = Secret(fields["secret"], type, isOfNamespace),
            LongerThan = LongerThan(fields["longer_than"], on),
            Enabled = fields["enabled"].Flag() ?? true,
        };
        fields.Done();
        return notification;
    }

    private static List<NotificationOutcome> On(JsonValue member)
    {
        var read = new SortedSet<NotificationOutcome>();
        foreach (var item in member.Required().Items("""["failed", "recovered"]"""))
        {
            if (item.Choice(NotificationWords.OutcomeChoices) is not { } word) continue;
            if (!read.Add((NotificationOutcome)Array.IndexOf(NotificationWords.OutcomeChoices, word))) item.Invalid($"{item.Label} is there twice: '{word}'.");
        }

        if (member.IsEmpty && !member.IsAbsent) member.Invalid($"{member.Label} must have at least one of {string.Join(", ", NotificationWords.OutcomeChoices)}.");
        return [.. read];
    }

    private static string Url(JsonValue member, bool isOfNamespace)
    {
        if (member.Required().Text() is not { } text) return "";
        if (Interpolation.Parse(text) is { } found) return Reference(member, found, isOfNamespace);
        if (NotificationUrl.Read(text) is { IsOk: false } wrong) member.Invalid($"{member.Label} {wrong.Error.Message}");
        return text;
    }

    private static string? Secret(JsonValue member, NotificationType? type, bool isOfNamespace)
    {
        if (member.IsAbsent) return null;
        if (type is not null and not NotificationType.Webhook) member.Invalid($"{member.Label} signs what a webhook is sent; a notification of type {type.Value.Word()} has none.");
        if (member.Text() is not { } text) return null;
        // Documents are read by many.
        if (Interpolation.Parse(text) is { } found) return Reference(member, found, isOfNamespace);
        member.Invalid($"{member.Label} must stand for a secret, such as pipeline_secret{{{{hook-key}}}}; 'gofer secret set hook-key' stores one.");
        return null;
    }

    private static string Reference(JsonValue member, (string Kind, string Key) found, bool isOfNamespace)
    {
        if (!Interpolation.IsSecret(found.Kind)) member.Invalid($"{member.Label} may stand for a secret, not for {found.Kind}{{{{…}}}}.");
        else if (Slug.Complaint(found.Key) is { } complaint) member.Invalid($"{member.Label} stands for a secret whose key {complaint}");
        else if (isOfNamespace && found.Kind == Interpolation.PipelineSecret)
        {
            member.Invalid($"{member.Label} stands for a pipeline's secret, and a notification of a namespace is of no one pipeline: namespace_secret and global_secret do.");
        }

        return $"{found.Kind}{{{{{found.Key}}}}}";
    }

    private static TimeSpan? LongerThan(JsonValue member, List<NotificationOutcome> on)
    {
        var isAsked = on.Contains(NotificationOutcome.LongerThan);
        if (isAsked && member.IsEmpty) member.Invalid($"{member.Label} is missing: 'on' has longer_than, and this says how long, such as 30m.");
        if (!isAsked && !member.IsEmpty) member.Invalid($"{member.Label} changes nothing here: 'on' does not have longer_than.");
        return member.Time(NotificationDefinition.Shortest, NotificationDefinition.Longest);
    }
}
