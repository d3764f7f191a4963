using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Gofer.Domain.Common;

namespace Gofer.Tests.Unit.Notifications;

public sealed class SignatureTests
{
    /// <summary>Computed once by Python: <c>hmac.new(b"correct horse", b'1795845600.{"a":1}', "sha256").hexdigest()</c>.</summary>
    [Fact]
    public void A_body_is_signed_as_others_compute_it() => Assert.Equal(
        "t=1795845600,v1=cc514012d76259553030eb1c2b810d1cb812dc36bcd875217a0e42728bb24eb9",
        GoferSignature.Of("correct horse"u8, DateTimeOffset.FromUnixTimeSeconds(1_795_845_600).AddMilliseconds(999), """{"a":1}"""u8));

    [Fact]
    public void It_is_the_hmac_of_time_dot_body() => Gen.Select(Gen.String, Gen.Long[0, 4_102_444_800], Gen.Byte.Array).Sample((key, time, body) =>
    {
        if (!Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key)).Equals(key, StringComparison.Ordinal)) return true;
        byte[] signed = [.. Encoding.ASCII.GetBytes(time.ToString(System.Globalization.CultureInfo.InvariantCulture)), (byte)'.', .. body];
        return V1(Encoding.UTF8.GetBytes(key), time, body) == Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), signed));
    });

    [Fact]
    public void Another_key_time_or_body_is_another_signature()
    {
        string[] all = [V1("a"u8, 1, "b"u8), V1("b"u8, 1, "b"u8), V1("a"u8, 2, "b"u8), V1("a"u8, 1, "c"u8), V1("a"u8, 1, ""u8)];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    private static string V1(ReadOnlySpan<byte> key, long time, ReadOnlySpan<byte> body) =>
        Convert.ToHexStringLower(GoferSignature.Mac(key, time.ToString(System.Globalization.CultureInfo.InvariantCulture), body));
}
