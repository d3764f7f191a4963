using Gofer.Domain.Common;

namespace Gofer.Domain.Access;

/// <summary>What a caller shows to be let in. The text itself is known to its holder alone; kept is its <see cref="Hash"/>.</summary>
public sealed class Token
{
    /// <summary>The longest life.</summary>
    public static readonly TimeSpan MaxLife = TimeSpan.FromDays(366);

    /// <summary>The shortest life.</summary>
    public static readonly TimeSpan MinLife = TimeSpan.FromSeconds(1);

    /// <summary>The life where nobody says.</summary>
    public static readonly TimeSpan DefaultLife = TimeSpan.FromDays(90);

    /// <summary>The most roles of one token.</summary>
    public const int MaxRoles = 20;

    private Token() { }

    /// <summary>A new token of that text.</summary>
    public Token(TokenText text, string? createdBy, DateTimeOffset now, DateTimeOffset expiresAt)
    {
        ArgumentNullException.ThrowIfNull(text);
        (Id, Hash, CreatedBy, CreatedAt, ExpiresAt) = (text.Id, text.Hash, createdBy, now, expiresAt);
    }

    /// <summary>Its public part: 16 hexadecimal digits.</summary>
    public string Id { get; private init; } = "";

    /// <summary>SHA-256 of its text.</summary>
    public byte[] Hash { get; private init; } = [];

    /// <summary>What it is for, in a word; several may have the same.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The names of its roles.</summary>
    public string[] Roles { get; private set; } = [];

    /// <summary>Names or patterns of the namespaces that it is for: its roles hold nowhere else.</summary>
    public string[] Namespaces { get; private set; } = [];

    /// <summary>Whether it is refused until somebody enables it again.</summary>
    public bool Disabled { get; private set; }

    /// <summary>Grows with each change; the entity tag.</summary>
    public int Revision { get; private set; } = 1;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>Who made it: a token by its id, or an identity of a provider; null for the first one.</summary>
    public string? CreatedBy { get; private init; }

    /// <summary>From when on it is refused.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When it was last used, to the minute; null where it never was.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    /// <summary>Whether whoever shows it is let in.</summary>
    public bool IsGood(DateTimeOffset now) => !Disabled && now < ExpiresAt;

    /// <summary>Says what it is for and what it allows.</summary>
    public void Grant(string name, IEnumerable<string> roles, IEnumerable<string> namespaces)
    {
        var (newRoles, newNamespaces) = (roles.Distinct().ToArray(), namespaces.Distinct().ToArray());
        if (Name == name && Roles.SequenceEqual(newRoles) && Namespaces.SequenceEqual(newNamespaces)) return;
        if (Name.Length > 0) Revision++;
        (Name, Roles, Namespaces) = (name, newRoles, newNamespaces);
    }

    /// <summary>Refuses it from now on, or lets it in again.</summary>
    public void Disable(bool disabled)
    {
        if (Disabled == disabled) return;
        Disabled = disabled;
        Revision++;
    }
}
