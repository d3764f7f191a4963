using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Notifications;

/// <summary>
/// Signs a body with a key that both sides know, as <c>t=1795845600,v1=HEX</c>: HMAC-SHA256 over the time in seconds, a dot and the bytes of the body, so that what was
/// overheard is of no use later.
/// </summary>
public static class Signature
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Gofer-Signature";

    /// <summary>The header's value.</summary>
    public static string Of(string key, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var time = at.ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"t={time},v1={V1(key, time, body)}");
    }

    /// <summary>What follows <c>v1=</c>, in lower-case hexadecimal, where <paramref name="time"/> follows <c>t=</c>.</summary>
    public static string V1(string key, long time, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key));
        hmac.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{time}.")));
        hmac.AppendData(body);
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }
}
