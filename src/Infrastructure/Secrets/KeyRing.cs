using System.Security.Cryptography;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Secrets;

/// <summary>
/// The keys that secrets' own keys are wrapped with, each under a name: the first seals, the others only open what was sealed before them.
/// Written <c>NAME:BASE64</c>, several with commas between them.
/// </summary>
public sealed class KeyRing
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    /// <summary>The most keys that are taken: a rotation needs two.</summary>
    public const int MaxKeys = 16;

    /// <summary>Of 32 random bytes, fewer different ones than this come up three times in 10^17.</summary>
    private const int LeastVariety = 16;

    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    private KeyRing(string active) => Active = active;

    /// <summary>The name of the key that seals.</summary>
    public string Active { get; }

    /// <summary>The names of all of them.</summary>
    public IReadOnlyCollection<string> Names => _keys.Keys;

    /// <summary>Reads keys; a key that anybody could guess is none. What is wrong is said without the key.</summary>
    public static Result<KeyRing> Parse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 0 or > MaxKeys) return Bad($"names {parts.Length} keys; it must be from 1 to {MaxKeys}, each as NAME:BASE64.");
        KeyRing? ring = null;
        foreach (var part in parts)
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0) return Bad("has a key without a name; each is written as NAME:BASE64.");
            var name = part[..colon];
            if (!Slug.IsValid(name)) return Bad($"has a key whose name is none: it must be 1 to {Slug.MaxLength} letters, digits, '-' and '_', the first a letter or a digit. Each is written as NAME:BASE64.");
            var key = new byte[KeyBytes];
            if (!Convert.TryFromBase64String(part[(colon + 1)..], key, out var length) || length != KeyBytes)
            {
                return Bad($"has the key '{name}', which is not {KeyBytes} bytes in base64. 'gofer secret new-key' makes one.");
            }

            if (IsGuessable(key)) return Bad($"has the key '{name}', which is not random: anybody could guess it. 'gofer secret new-key' makes one.");
            ring ??= new KeyRing(name);
            if (!ring._keys.TryAdd(name, key)) return Bad($"has two keys of the name '{name}'.");
        }

        return ring!;
    }

    /// <summary>A new random key of that name, as <see cref="Parse"/> reads it.</summary>
    public static string Generate(string name) => $"{name}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}";

    /// <summary>A ring of that key of this one alone.</summary>
    internal KeyRing Only(string name)
    {
        var ring = new KeyRing(name);
        ring._keys.Add(name, _keys[name]);
        return ring;
    }

    /// <summary>The key of that name, or null.</summary>
    internal byte[]? Find(string name) => _keys.GetValueOrDefault(name);

    /// <summary>Whether it is a passphrase, a row of numbers or one byte again and again; of random keys about two in 10^14 are text.</summary>
    private static bool IsGuessable(byte[] key) =>
        key.Distinct().Count() < LeastVariety || key.All(b => b is >= 0x20 and < 0x7f) || key.Zip(key.Skip(1)).Select(p => (byte)(p.Second - p.First)).Distinct().Count() == 1;

    private static Error Bad(string complaint) => Error.Invalid("", complaint);
}
