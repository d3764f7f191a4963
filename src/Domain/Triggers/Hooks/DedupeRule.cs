using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>What makes two requests one event: the same text at the same place.</summary>
public sealed class DedupeRule
{
    /// <summary>The longest key that is kept as it is; of a longer one its SHA-256.</summary>
    public const int MaxKey = 255;

    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_usual = TimeSpan.FromHours(24);

    private readonly EventPlace _place;

    private DedupeRule(EventPlace place, TimeSpan window) => (_place, Window) = (place, window);

    /// <summary>What GitHub calls a delivery; sending one again by hand keeps its id.</summary>
    public static DedupeRule Github { get; } = new(new EventPlace("X-GitHub-Delivery", null), s_usual);

    /// <summary>How long a key is remembered.</summary>
    public TimeSpan Window { get; }

    /// <summary>Reads a rule; null where there is none. What is wrong goes into the faults.</summary>
    public static DedupeRule? Read(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.Object("""{"header":"X-Event-Id"}""") is not { } fields) return null;
        var (place, window) = (EventPlace.Read(fields), fields["window"].Time(s_shortest, s_longest) ?? s_usual);
        fields.Done();
        return place is null ? null : new DedupeRule(place, window);
    }

    /// <summary>The key of an event; null where it has none, and is one of its own.</summary>
    public string? KeyOf(EventContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        // What is null says nothing: events without an id are not one event.
        if (_place.ValueIn(content) is null or { ValueKind: JsonValueKind.Null } || _place.TextIn(content) is not { Length: > 0 } text) return null;
        // No database text holds a NUL.
        return text.Length <= MaxKey && !text.Contains('\0', StringComparison.Ordinal) ? text : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
    }
}
