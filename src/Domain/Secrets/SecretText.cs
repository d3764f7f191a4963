using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Domain.Secrets;

/// <summary>A secret's value. It goes in, and out again only to the container that asked for it: nothing prints, logs or serialises it.</summary>
public sealed class SecretText
{
    /// <summary>The longest value, in bytes of UTF-8; half of what Linux takes as one variable of a process.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly string _value;

    private SecretText(string value) => _value = value;

    /// <summary>The value, or what is wrong with it, to be said after the name of what holds it.</summary>
    public static Result<SecretText> Of(string value)
    {
        if (value.Length == 0) return Error.Invalid("", "must not be empty.");
        if (value.Contains('\0', StringComparison.Ordinal)) return Error.Invalid("", "may not hold a NUL: no variable of a process can.");
        var bytes = Encoding.UTF8.GetByteCount(value);
        return bytes > MaxBytes ? Error.Invalid("", $"is {bytes} bytes long; at most {MaxBytes} are allowed.") : new SecretText(value);
    }

    /// <summary>The value itself, for what hands it to a container or seals it.</summary>
    public string Reveal() => _value;

    /// <summary>Stars.</summary>
    public override string ToString() => "********";
}
