namespace Gofer.Domain.Triggers;

/// <summary>The keys by which an event of a trigger is known that came before: those that its sender gave, and its signature.</summary>
public static class EventKeys
{
    private const string Given = "key:";
    private const string Signature = "signature:";
    private const string Extension = "event:";

    /// <summary>How long a signature is remembered: longer than any is accepted.</summary>
    private static readonly TimeSpan s_signatures = TimeSpan.FromHours(24);

    /// <summary>The key that the sender gave.</summary>
    public static string OfSender(string key) => Given + key;

    /// <summary>How long the id of an extension's event is remembered.</summary>
    private static readonly TimeSpan s_events = TimeSpan.FromDays(7);

    /// <summary>The key of an extension's event, whose id is one in its subscription.</summary>
    public static string OfExtension(string subscription, string id) => $"{Extension}{subscription}/{id}";

    /// <summary>The key of a signature.</summary>
    public static string OfSignature(string key) => Signature + key;

    /// <summary>How long it is remembered.</summary>
    public static TimeSpan WindowOf(string key, TriggerDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(definition);
        return key.StartsWith(Extension, StringComparison.Ordinal) ? s_events
            : key.StartsWith(Signature, StringComparison.Ordinal) ? s_signatures
            : definition.Hook?.Dedupe?.Window ?? s_signatures;
    }

    /// <summary>Why an event with it is no new one.</summary>
    public static string Explain(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.StartsWith(Signature, StringComparison.Ordinal)) return "A request with this very signature came before.";
        return key.StartsWith(Extension, StringComparison.Ordinal)
            ? $"The extension sent the event {Common.Shown.Quoted(key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..])} before."
            : $"An event with the key {Common.Shown.Quoted(key[Given.Length..])} came before.";
    }
}
