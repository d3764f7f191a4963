using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;

namespace Gofer.Infrastructure.Secrets;

/// <summary>What a sealed value is bound to: put anywhere else, it does not open.</summary>
/// <param name="Name">How a sentence names it, such as <c>The pipeline secret 'token'</c>.</param>
/// <param name="Parts">What it is bound to: its kind, the install, and its place there.</param>
public sealed record SealedPlace(string Name, IReadOnlyList<string> Parts)
{
    /// <summary>A version of a secret.</summary>
    public static SealedPlace OfSecret(Guid install, SecretScope scope, string key, int version) => new(
        $"The {scope.Kind} secret '{key}'",
        [
            "secret", install.ToString("N"), scope.Kind, scope.Namespace?.Value.ToString("N") ?? "", scope.Pipeline?.Value.ToString("N") ?? "", key,
            version.ToString(CultureInfo.InvariantCulture),
        ]);

    /// <summary>What the secrets of an attempt were when it began.</summary>
    public static SealedPlace OfAttempt(Guid install, RunId run, int task, int attempt) => new(
        "What is kept of the attempt's secrets",
        ["attempt", install.ToString("N"), run.Value.ToString("N"), task.ToString(CultureInfo.InvariantCulture), attempt.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>The proof that an install was used with a key of that name.</summary>
    public static SealedPlace OfProof(Guid install) => new("The proof of a key", ["proof", install.ToString("N")]);
}

/// <summary>A value at rest. <see cref="WrappedKey"/> is its own random key under the named one of the <see cref="KeyRing"/>.</summary>
/// <param name="KeyName">The name of the key that wraps.</param>
/// <param name="WrappedKey">Nonce (12 bytes), the key encrypted (32), tag (16).</param>
/// <param name="Value">Nonce (12), the value encrypted, tag (16).</param>
public sealed record SealedValue(string KeyName, byte[] WrappedKey, byte[] Value);

/// <summary>
/// Envelope encryption by AES-256-GCM: each version of a secret has a random key of its own, and that one is wrapped by a key of the ring.
/// Changing the ring's key wraps the keys anew and touches no value. Its <see cref="SealedPlace"/> is additional data of both, the wrapping key's name of
/// the wrapping. NIST SP 800-38D; a data key encrypts one value once, and a wrapping key with random nonces is good for 2^32 wraps.
/// </summary>
internal static class Envelope
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Seals a value with the ring's first key.</summary>
    public static SealedValue Seal(KeyRing ring, SealedPlace place, ReadOnlySpan<byte> value)
    {
        var data = RandomNumberGenerator.GetBytes(KeyRing.KeyBytes);
        try
        {
            return new SealedValue(
                ring.Active, Encrypt(ring.Find(ring.Active)!, data, Bound("gofer.key.1", place, ring.Active)), Encrypt(data, value, Bound("gofer.value.1", place, "")));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>The value.</summary>
    /// <exception cref="UnreadableSecretException">The ring does not have its key, or something of it is not as it was sealed at that place.</exception>
    public static byte[] Open(KeyRing ring, SealedPlace place, SealedValue value)
    {
        var data = Unwrap(ring, place, value);
        try
        {
            return Decrypt(data, value.Value, Bound("gofer.value.1", place, "")) ?? throw Altered(place);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>The same value with its key wrapped by the ring's first one.</summary>
    /// <exception cref="UnreadableSecretException">As of <see cref="Open"/>; what is wrapped anew was whole.</exception>
    public static SealedValue Rewrap(KeyRing ring, SealedPlace place, SealedValue value)
    {
        var data = Unwrap(ring, place, value);
        try
        {
            return value with { KeyName = ring.Active, WrappedKey = Encrypt(ring.Find(ring.Active)!, data, Bound("gofer.key.1", place, ring.Active)) };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    private static byte[] Unwrap(KeyRing ring, SealedPlace place, SealedValue value)
    {
        if (ring.Find(value.KeyName) is not { } key)
        {
            throw new UnreadableSecretException(
                $"{place.Name} was sealed with the key '{value.KeyName}', and this process has only {string.Join(", ", ring.Names.Select(n => $"'{n}'"))}. Add it to secrets.keys behind the first.");
        }

        return Decrypt(key, value.WrappedKey, Bound("gofer.key.1", place, value.KeyName)) is { Length: KeyRing.KeyBytes } data ? data : throw Altered(place);
    }

    private static UnreadableSecretException Altered(SealedPlace place) => new(
        $"{place.Name} does not open: it was altered or moved in the database, or its key is another one of the same name. Set it again.");

    private static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> plain, byte[] bound)
    {
        var made = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(made.AsSpan(0, NonceBytes));
        using var gcm = new AesGcm(key, TagBytes);
        gcm.Encrypt(made.AsSpan(0, NonceBytes), plain, made.AsSpan(NonceBytes, plain.Length), made.AsSpan(NonceBytes + plain.Length), bound);
        return made;
    }

    private static byte[]? Decrypt(byte[] key, byte[] made, byte[] bound)
    {
        if (made.Length < NonceBytes + TagBytes) return null;
        var plain = new byte[made.Length - NonceBytes - TagBytes];
        using var gcm = new AesGcm(key, TagBytes);
        try
        {
            gcm.Decrypt(made.AsSpan(0, NonceBytes), made.AsSpan(NonceBytes, plain.Length), made.AsSpan(NonceBytes + plain.Length), plain, bound);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>Each part with its length before it, so that no two places have the same bytes.</summary>
    private static byte[] Bound(string purpose, SealedPlace place, string keyName)
    {
        using var bytes = new MemoryStream();
        foreach (var part in (string[])[purpose, .. place.Parts, keyName])
        {
            var text = Encoding.UTF8.GetBytes(part);
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
            bytes.Write(length);
            bytes.Write(text);
        }

        return bytes.ToArray();
    }
}
