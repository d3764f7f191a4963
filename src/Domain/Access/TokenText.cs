using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Access;

/// <summary>
/// The text of a token: <c>gof_</c>, 16 hexadecimal digits that name it (a run's begins with <c>r</c>), <c>_</c>, and 64 that are secret, so that whoever looks through logs and
/// repositories for leaked ones finds them by <see cref="Pattern"/>. 256 random bits are not guessed, so a plain hash of them is safe to keep.
/// </summary>
public sealed class TokenText
{
    /// <summary>What every token looks like, as a regular expression without anchors.</summary>
    public const string Pattern = $"{PublicPattern}_[0-9a-f]{{64}}";

    /// <summary>What the public part of every token looks like.</summary>
    internal const string PublicPattern = "gof_[0-9a-fr][0-9a-f]{15}";

    private const char OfRun = 'r';
    private const string Prefix = "gof_";
    private const int IdDigits = 16;
    private const int SecretDigits = 64;
    private const int Length = 4 + IdDigits + 1 + SecretDigits;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    private readonly string _text;

    private TokenText(string text) => (_text, Id, Hash) = (text, text.Substring(Prefix.Length, IdDigits), SHA256.HashData(Encoding.ASCII.GetBytes(text)));

    /// <summary>Its public part.</summary>
    public string Id { get; }

    /// <summary>SHA-256 of the whole.</summary>
    public byte[] Hash { get; }

    /// <summary>Whether it is that of a run, which tells by its looks: nobody else's is taken for one.</summary>
    public bool IsOfRun => Id[0] == OfRun;

    /// <summary>A new one, of the system's random numbers.</summary>
    public static TokenText New() => new($"{Prefix}{Digits(IdDigits)}_{Digits(SecretDigits)}");

    /// <summary>A new one for a run.</summary>
    public static TokenText NewOfRun() => new($"{Prefix}{OfRun}{Digits(IdDigits - 1)}_{Digits(SecretDigits)}");

    /// <summary>The token that somebody shows; null where it cannot be one.</summary>
    public static TokenText? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == Length && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length + IdDigits] == '_'
            && (IsId(text.Substring(Prefix.Length, IdDigits)) || IsIdOfRun(text.AsSpan(Prefix.Length, IdDigits))) && text.AsSpan(Prefix.Length + IdDigits + 1).ContainsAnyExcept(s_digits) is false
            ? new TokenText(text)
            : null;
    }

    /// <summary>Whether it is an id of a token that somebody made; a run's is in no list.</summary>
    public static bool IsId(string text) => text is { Length: IdDigits } && text.AsSpan().ContainsAnyExcept(s_digits) is false;

    private static bool IsIdOfRun(ReadOnlySpan<char> text) => text[0] == OfRun && text[1..].ContainsAnyExcept(s_digits) is false;

    private static string Digits(int count) => RandomNumberGenerator.GetHexString(count, lowercase: true);

    /// <summary>Whether it is the text of which that hash was kept. Takes as long whatever of it is wrong.</summary>
    public bool Is(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);

    /// <summary>The text itself, for the one answer that holds it.</summary>
    public string Reveal() => _text;

    /// <summary>Its public part and stars.</summary>
    public override string ToString() => $"{Prefix}{Id}_********";
}
