using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// At most <paramref name="Limit"/> tasks of a namespace run at a time under one key, whatever their pipelines. The key may hold
/// <c>param{{x}}</c> and <c>matrix{{x}}</c> inside its text.
/// </summary>
public sealed record ConcurrencyRule(string Key, int Limit)
{
    /// <summary>The longest key, written and with its values put in, in characters.</summary>
    public const int MaxKey = 255;

    private const int DigestLength = 32;

    /// <summary>
    /// The key of one execution; a value that is not there is empty. Values may make it longer than <see cref="MaxKey"/>: then its end is a
    /// digest of the whole, so that two keys are the same only where they were.
    /// </summary>
    public string KeyOf(IReadOnlyDictionary<string, string> parameters, IReadOnlyDictionary<string, string>? matrix)
    {
        var key = new StringBuilder();
        foreach (var part in Interpolation.Split(Key))
        {
            key.Append(part.Kind switch
            {
                null => part.Text,
                Interpolation.Param => parameters.GetValueOrDefault(part.Text, ""),
                _ => matrix?.GetValueOrDefault(part.Text, "") ?? "",
            });
        }

        return key.Length <= MaxKey ? key.ToString() : Shortened(key.ToString());
    }

    private static string Shortened(string key)
    {
        var head = MaxKey - DigestLength - 1;
        if (char.IsHighSurrogate(key[head - 1])) head--; // half a character is no text
        return $"{key[..head]}…{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..DigestLength]}";
    }
}
