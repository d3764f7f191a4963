using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>How a request proves that it comes from one who has the key.</summary>
public sealed class SignatureRule
{
    private const string Gofer = "gofer";
    private const string GithubScheme = "github";
    private const string Hmac = "hmac";
    private const string Hex = "hex";
    private const string Base64 = "base64";

    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_usual = TimeSpan.FromMinutes(5);

    private readonly string _scheme;
    private readonly string _header;
    private readonly string _prefix;
    private readonly string? _timestampHeader;
    private readonly bool _sha512;
    private readonly bool _base64;
    private readonly TimeSpan _tolerance;

    private SignatureRule(string secret, string scheme, string header, string prefix, string? timestampHeader, bool sha512, bool base64, TimeSpan tolerance) =>
        (Secret, _scheme, _header, _prefix, _timestampHeader, _sha512, _base64, _tolerance) = (secret, scheme, header, prefix, timestampHeader, sha512, base64, tolerance);

    /// <summary>The secret that is the key, as an interpolation names it.</summary>
    public string Secret { get; }

    /// <summary>Reads a rule; null where there is none. What is wrong goes into the faults.</summary>
    public static SignatureRule? Read(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.Object("""{"secret":"pipeline_secret{{hook}}"}""") is not { } fields) return null;
        var secret = SecretOf(fields["secret"].Required());
        var scheme = fields["scheme"].Choice(Gofer, GithubScheme, Hmac) ?? Gofer;
        var rule = scheme switch
        {
            GithubScheme => OfGithub(secret),
            Hmac => ReadHmac(fields, secret),
            _ => new SignatureRule(secret, Gofer, GoferSignature.Header, "", null, false, false, fields["tolerance"].Time(s_shortest, s_longest) ?? s_usual),
        };
        fields.Done();
        return rule;
    }

    /// <summary>Reads the secret of a <c>github</c> trigger, which must have one.</summary>
    public static SignatureRule? ReadGithub(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return OfGithub(SecretOf(member.Required()));
    }

    /// <summary>
    /// Judges a request by one of several keys, as there are while one takes the place of another. Never throws, whatever the bytes, and takes as long whatever of a signature is wrong.
    /// </summary>
    public SignatureVerdict Verify(EventContent content, IReadOnlyList<byte[]> keys, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(keys);
        if (content.Header(_header) is not { Length: > 0 } header) return SignatureVerdict.Refused(SignatureFaults.Missing, $"The request has no {_header} header: it must be signed.");
        string? time;
        var shown = new List<byte[]>();
        if (_scheme == Gofer)
        {
            time = Parts(header, "t").FirstOrDefault();
            foreach (var text in Parts(header, "v1")) Add(shown, text);
            if (time is null || shown.Count == 0) return SignatureVerdict.Refused(SignatureFaults.Malformed, "The Gofer-Signature header must be like 't=1700000000,v1=<64 hexadecimal digits>'.");
        }
        else
        {
            time = _timestampHeader is null ? null : content.Header(_timestampHeader);
            if (_timestampHeader is not null && time is null) return SignatureVerdict.Refused(SignatureFaults.Missing, $"The request has no {_timestampHeader} header, which is signed with the body.");
            if (header.StartsWith(_prefix, StringComparison.Ordinal)) Add(shown, header[_prefix.Length..]);
            if (shown.Count == 0) return SignatureVerdict.Refused(SignatureFaults.Malformed, $"The {_header} header must be like '{_prefix}<{(_base64 ? "Base64" : $"{(_sha512 ? 128 : 64)} hexadecimal digits")}>'.");
        }

        if (time is not null && Stale(time, now) is { } stale) return stale;
        var good = false;
        foreach (var key in keys)
        {
            var mac = GoferSignature.Mac(key, time, content.Body.Span, _sha512);
            foreach (var signature in shown) good |= CryptographicOperations.FixedTimeEquals(signature, mac);
        }

        if (!good) return SignatureVerdict.Refused(SignatureFaults.Wrong, $"The signature in {_header} is not that of this body by the trigger's key.");
        // Of what was signed and not of the signature: a request sent again is the same one whichever of its signatures and of our keys fit each time.
        return new SignatureVerdict(null, time is null ? null : Convert.ToHexStringLower(Hash(time, content.Body.Span)));
    }

    private static SignatureRule OfGithub(string secret) => new(secret, GithubScheme, "X-Hub-Signature-256", "sha256=", null, false, false, s_usual);

    private static SignatureRule ReadHmac(JsonFields fields, string secret)
    {
        var header = HeaderOf(fields["header"].Required());
        var algorithm = fields["algorithm"];
        var sha512 = false;
        if (algorithm.Text() is { } name)
        {
            if (name.Equals("sha1", StringComparison.OrdinalIgnoreCase) || name.Equals("md5", StringComparison.OrdinalIgnoreCase)) algorithm.Invalid($"'algorithm' is {Shown.Quoted(name)}, which is broken; it must be sha256 or sha512.");
            else sha512 = algorithm.Choice("sha256", "sha512") == "sha512";
        }

        if (fields["timestamp_header"].IsAbsent && !fields["tolerance"].IsAbsent) fields["tolerance"].Invalid("'tolerance' is for signatures with a time; name its 'timestamp_header'.");
        return new SignatureRule(
            secret, Hmac, header ?? "", fields["prefix"].Text(32) ?? "", HeaderOf(fields["timestamp_header"]), sha512,
            fields["encoding"].Choice(Hex, Base64) == Base64, fields["tolerance"].Time(s_shortest, s_longest) ?? s_usual);
    }

    private static string? HeaderOf(JsonValue member)
    {
        if (member.Text(100) is not { } name) return null;
        if (name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) return name;
        member.Invalid($"{member.Label} is {Shown.Quoted(name)}; it must be the name of a header, such as X-Signature.");
        return null;
    }

    private static string SecretOf(JsonValue member)
    {
        if (member.Text() is not { } text) return "";
        if (Interpolation.Parse(text) is { } found && Interpolation.IsSecret(found.Kind) && found.Key.Length > 0) return text;
        // What stands there may be the key itself: it is not repeated.
        member.Invalid($"{member.Label} must name a secret, such as pipeline_secret{{{{hook}}}}: a key itself does not stand in a trigger.");
        return "";
    }

    private SignatureVerdict? Stale(string time, DateTimeOffset now)
    {
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 253402300799)
        {
            return SignatureVerdict.Refused(SignatureFaults.Malformed, "The time of the signature must be in seconds since 1970.");
        }

        var age = now - DateTimeOffset.FromUnixTimeSeconds(seconds);
        if (age > _tolerance) return SignatureVerdict.Refused(SignatureFaults.TooOld, $"The request was signed more than {Duration.Text(_tolerance)} ago, which is the most.");
        return age < -_tolerance ? SignatureVerdict.Refused(SignatureFaults.InFuture, $"The request was signed more than {Duration.Text(_tolerance)} in the future: one of the clocks is wrong.") : null;
    }

    private static IEnumerable<string> Parts(string header, string name) => header.Split(',', StringSplitOptions.TrimEntries)
        .Where(p => p.StartsWith(name + '=', StringComparison.Ordinal)).Select(p => p[(name.Length + 1)..]);

    private void Add(List<byte[]> signatures, string text)
    {
        var bytes = new byte[64];
        var length = 0;
        var good = _base64
            ? Convert.TryFromBase64String(text, bytes, out length)
            : text.Length <= 128 && Convert.FromHexString(text, bytes, out _, out length) == System.Buffers.OperationStatus.Done;
        if (good && length == (_sha512 ? 64 : 32) && signatures.Count < 10) signatures.Add(bytes[..length]);
    }

    private static byte[] Hash(string time, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(time));
        hash.AppendData("."u8);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}

/// <summary>What a signature comes to.</summary>
/// <param name="Refusal">Why it is no good one; null where it is.</param>
/// <param name="ReplayKey">By what the very same signed request is known again; null where the scheme has no time, so that nothing tells a repetition from a second event.</param>
/// <param name="Fault">The sort of refusal, of <see cref="SignatureFaults"/>; null where it is a good one.</param>
public sealed record SignatureVerdict(string? Refusal, string? ReplayKey, string? Fault = null)
{
    /// <summary>It is no good one.</summary>
    internal static SignatureVerdict Refused(string fault, string why) => new(why, null, fault);
}

/// <summary>Why signatures are refused; words that are added, never renamed.</summary>
public static class SignatureFaults
{
    /// <summary>A header that must be there is not.</summary>
    public const string Missing = "missing";

    /// <summary>A header is not as the scheme writes it.</summary>
    public const string Malformed = "malformed";

    /// <summary>It is another body's, time's or key's.</summary>
    public const string Wrong = "wrong";

    /// <summary>It was made longer ago than is allowed.</summary>
    public const string TooOld = "too_old";

    /// <summary>It was made later than now, by more than is allowed.</summary>
    public const string InFuture = "in_future";
}
