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

    /// <summary>The key of one execution; a value that is not there is empty.</summary>
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

        return key.Length <= MaxKey ? key.ToString() : key.ToString(0, MaxKey);
    }
}
