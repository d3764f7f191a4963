using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Domain.Extensions;

/// <summary>An extension of the install. What became of its container is another's to know: see <see cref="ExtensionState"/>.</summary>
public sealed class Extension
{
    private Extension() { }

    /// <summary>A new one; it has no definition before <see cref="Define"/>.</summary>
    public Extension(ExtensionId id, string name, DateTimeOffset now) => (Id, Name, Enabled, CreatedAt, ModifiedAt) = (id, name, true, now, now);

    /// <summary>Its id; names may be reused, ids never.</summary>
    public ExtensionId Id { get; private init; }

    /// <summary>Its name in the install.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Whether it is to run.</summary>
    public bool Enabled { get; private set; }

    /// <summary>How it is run, as <see cref="ExtensionReader"/> writes it.</summary>
    public string Definition { get; private set; } = "";

    /// <summary>SHA-256 of the secret part of its URL.</summary>
    public byte[] HookHash { get; private set; } = [];

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was installed.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>Makes it run so from now on; false where it does already.</summary>
    public bool Define(ExtensionDefinition definition, bool enabled, DateTimeOffset now)
    {
        var text = ExtensionReader.Write(definition);
        if (text == Definition && enabled == Enabled) return false;
        if (Definition.Length > 0) Revision++;
        (Definition, Enabled, ModifiedAt) = (text, enabled, now);
        return true;
    }

    /// <summary>Gives it a URL, whose secret part is answered once.</summary>
    public string GiveHook()
    {
        var text = Trigger.NewHook();
        HookHash = Trigger.HashOf(text);
        return text;
    }
}

/// <summary>What became of an extension.</summary>
public enum ExtensionState
{
    /// <summary>It does not run, since nobody wants it to or nobody came to start it yet.</summary>
    Stopped,

    /// <summary>It is being started, or reached for the first time.</summary>
    Starting,

    /// <summary>It answers, and its events come.</summary>
    Running,

    /// <summary>It failed, and is tried again after a pause.</summary>
    Failing,
}

/// <summary>What became of a trigger's subscription to its extension.</summary>
public enum SubscriptionState
{
    /// <summary>It is to be subscribed as soon as the extension answers.</summary>
    Pending,

    /// <summary>It is subscribed.</summary>
    Active,

    /// <summary>The extension does not take it.</summary>
    Refused,

    /// <summary>There is no such extension, or it is disabled.</summary>
    Missing,
}
