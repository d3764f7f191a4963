using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Common;

/// <summary>
/// The signature of what Gofer sends and, by the scheme <c>gofer</c>, of what is sent to it: <c>t=1795845600,v1=HEX</c>, HMAC-SHA256 over the time in seconds, a dot and
/// the bytes of the body, so that what was overheard is of no use later.
/// </summary>
public static class GoferSignature
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Gofer-Signature";

    /// <summary>The header's value.</summary>
    public static string Of(ReadOnlySpan<byte> key, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(Mac(key, time, body))}";
    }

    /// <summary>What <c>v1</c> stands for where <paramref name="time"/> follows <c>t=</c>; of the body alone where no time is signed.</summary>
    public static byte[] Mac(ReadOnlySpan<byte> key, string? time, ReadOnlySpan<byte> body, bool sha512 = false)
    {
        using var mac = IncrementalHash.CreateHMAC(sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256, key);
        if (time is not null)
        {
            mac.AppendData(Encoding.UTF8.GetBytes(time));
            mac.AppendData("."u8);
        }

        mac.AppendData(body);
        return mac.GetHashAndReset();
    }
}
