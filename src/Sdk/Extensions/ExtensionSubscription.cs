using System.Globalization;

namespace Gofer.Sdk.Extensions;

/// <summary>A subscription: which trigger of which pipeline waits for events, and from where on.</summary>
/// <param name="Id">Its id, the same through all restarts; empty where it is only checked and does not exist yet.</param>
/// <param name="Params">The parameters by name; those that were not given and have a default have it.</param>
public sealed record ExtensionSubscription(string Id, IReadOnlyDictionary<string, string> Params)
{
    /// <summary>The namespace of the pipeline that subscribes.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The pipeline that subscribes.</summary>
    public string Pipeline { get; init; } = "";

    /// <summary>The trigger's name in the pipeline.</summary>
    public string Trigger { get; init; } = "";

    /// <summary>The cursor of the last event that Gofer kept: events come after it. Null where none came yet.</summary>
    public string? Cursor { get; init; }

    /// <summary>When it was made: where there is no cursor, events from then on are wanted.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>The text of a parameter; null where it was not given and has no default.</summary>
    public string? Text(string name) => Params.GetValueOrDefault(name);

    /// <summary>The value of a parameter that is a whole number; 0 where it was not given and has no default.</summary>
    public long Whole(string name) => Text(name) is { Length: > 0 } text ? long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;

    /// <summary>The value of a parameter that is a number; 0 where it was not given and has no default.</summary>
    public double Number(string name) => Text(name) is { Length: > 0 } text ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) : 0;

    /// <summary>Whether a parameter is true.</summary>
    public bool Flag(string name) => Text(name) is "true";
}
