using System.Globalization;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Notifications;

/// <summary>
/// A message in the form that incoming webhooks of Slack take, of which Mattermost reads the text. What people or programs wrote stands in it as code, escaped: it
/// can neither make a link nor call a channel together.
/// </summary>
internal static class SlackMessage
{
    /// <summary>The longest text, which is Slack's limit for a block.</summary>
    public const int MaxText = 3000;

    /// <summary>The most characters of a run's message: this is to be read on a telephone.</summary>
    private const int MaxMessage = 500;

    /// <summary>The longest link; one that is longer is left out.</summary>
    private const int MaxLink = 1000;

    private const int MaxReason = 100;

    /// <summary>Writes the message.</summary>
    public static void Write(Utf8JsonWriter json, NotificationFacts facts)
    {
        var text = Text(facts);
        json.WriteStartObject();
        json.WriteString("text", text);
        json.WriteStartArray("blocks");
        json.WriteStartObject();
        json.WriteString("type", "section");
        json.WriteStartObject("text");
        json.WriteString("type", "mrkdwn");
        json.WriteString("text", text);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The message's text.</summary>
    public static string Text(NotificationFacts facts)
    {
        var run = string.Create(CultureInfo.InvariantCulture, $"run {facts.Run}");
        // As a Uri writes it, an address has no character that means something in a message but for '&'.
        var link = Uri.TryCreate(facts.Url, UriKind.Absolute, out var url) && Escaped(url.AbsoluteUri, MaxLink + 1) is { Length: <= MaxLink } target ? $"<{target}|{run}>" : run;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{Escaped(facts.Namespace, 500)}/{Escaped(facts.Pipeline, 500)}*: {link} {Said(facts)} (version {facts.Version})");
        Code(text, ": ", facts.Reason, MaxReason);
        Code(text, facts.Reason is null ? ": " : " ", facts.Message, MaxMessage);
        return text.ToString();
    }

    private static string Said(NotificationFacts facts)
    {
        var after = facts.Took is { } took ? $" after {Rounded(took)}" : "";
        return facts.Outcome switch
        {
            NotificationOutcome.Failed => $"failed{after}",
            NotificationOutcome.Recovered => $"succeeded again{after}",
            NotificationOutcome.Succeeded => $"succeeded{after}",
            NotificationOutcome.Cancelled => $"was cancelled{after}",
            _ when facts.EndedAt is null => $"is overdue and goes on{after}",
            _ => $"took longer than it should and ended{after}",
        };
    }

    private static string Rounded(TimeSpan took) => Duration.Text(took < TimeSpan.FromSeconds(1) ? took : TimeSpan.FromSeconds(Math.Floor(took.TotalSeconds)));

    private static void Code(StringBuilder text, string before, string? value, int max)
    {
        if (string.IsNullOrWhiteSpace(value)) return;
        var line = Shown.Cut(string.Concat(value.Select(c => c == '`' ? '\'' : char.IsControl(c) || char.IsWhiteSpace(c) ? ' ' : c)).Trim(), max);
        var room = MaxText - text.Length - before.Length - 2;
        if (Escaped(line, room) is { Length: > 0 } escaped) text.Append(before).Append('`').Append(escaped).Append('`');
    }

    /// <summary>The text as Slack asks for it, as much of it as there is room for.</summary>
    private static string Escaped(string text, int room)
    {
        var escaped = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var next = rune.Value switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", _ => rune.ToString() };
            if (escaped.Length + next.Length > room) break;
            escaped.Append(next);
        }

        return escaped.ToString();
    }
}
