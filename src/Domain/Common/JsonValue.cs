using System.Globalization;
using System.Text.Json;

namespace Gofer.Domain.Common;

/// <summary>
/// A member or an item and its place. Each reader answers the value, or null (nothing, for lists) where there is none or where it is of
/// another type, which is then reported: a caller reads on and looks at the faults once, in the end.
/// </summary>
public sealed class JsonValue
{
    /// <summary>More digits than any <see cref="long"/> has, its sign included.</summary>
    private const int MostDigits = 20;

    private readonly JsonElement _element;
    private readonly JsonPlace _place;

    internal JsonValue(JsonElement element, JsonPlace place, FaultList faults) => (_element, _place, Faults) = (element, place, faults);

    /// <summary>Where the faults go.</summary>
    public FaultList Faults { get; }

    /// <summary>The member's name; empty for an item of an array.</summary>
    public string Name => _place.Name;

    /// <summary>Its RFC 6901 pointer.</summary>
    public string Pointer => _place.Pointer;

    /// <summary>How a sentence names it: <c>'image'</c>, <c>Item 2 of 'command'</c>.</summary>
    public string Label => _place.Label;

    /// <summary>Whether there is no such member, or it is null.</summary>
    public bool IsAbsent => _element.ValueKind == JsonValueKind.Undefined || (_element.ValueKind == JsonValueKind.Null && !_place.IsItem);

    /// <summary>Whether it is absent, an empty text, an empty array or an object without members.</summary>
    public bool IsEmpty => IsAbsent || _element.ValueKind switch
    {
        JsonValueKind.String => _element.ValueEquals(""),
        JsonValueKind.Array => _element.GetArrayLength() == 0,
        JsonValueKind.Object => _element.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>Complains where it is absent.</summary>
    public JsonValue Required()
    {
        if (IsAbsent) Invalid($"{Label} is missing.");
        return this;
    }

    /// <summary>The text.</summary>
    public string? Text()
    {
        if (!Is(JsonValueKind.String, "a string")) return null;
        return JsonText.IsClean(_element) ? _element.GetString() : null;
    }

    /// <summary>The text, of at most so many characters.</summary>
    public string? Text(int max)
    {
        var text = Text();
        if (text?.Length > max) Invalid($"{Label} is {text.Length} characters long; at most {max} are allowed.");
        return text;
    }

    /// <summary>One of <paramref name="choices"/>, in any letter case; answered as it is written there.</summary>
    public string? Choice(params string[] choices)
    {
        if (Text() is not { } text) return null;
        if (Array.Find(choices, c => c.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } choice) return choice;

        Invalid($"{Label} is {Shown.Quoted(text)}; it must be one of {string.Join(", ", choices)}.{Faults.Suggest(text, choices)}");
        return null;
    }

    /// <summary>The whole number from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public long? Whole(long min = long.MinValue, long max = long.MaxValue)
    {
        if (!Is(JsonValueKind.Number, "a whole number")) return null;

        var (digits, exponent) = Exact(_element.GetRawText());
        if (exponent < 0)
        {
            Mistyped("a whole number", "a fraction");
            return null;
        }

        var isLong = digits.Length + exponent <= MostDigits;
        if (isLong && long.TryParse(digits + new string('0', (int)exponent), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max)
        {
            return number;
        }

        Invalid(string.Create(CultureInfo.InvariantCulture, $"{Label} must be from {min} to {max}."));
        return null;
    }

    /// <summary>The number, a fraction too.</summary>
    public double? Number() => Is(JsonValueKind.Number, "a number") ? _element.GetDouble() : null;

    /// <summary>The duration, as <see cref="Duration"/> reads it, from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public TimeSpan? Time(TimeSpan min, TimeSpan max)
    {
        if (Text() is not { Length: > 0 } text) return null;
        if (!Duration.TryParse(text, out var time))
        {
            Invalid($"{Label} is {Shown.Quoted(text)}; it must be a duration such as 90s or 1h30m.");
            return null;
        }

        if (time >= min && time <= max) return time;
        Invalid($"{Label} is {Shown.Quoted(text)}; it must be from {Duration.Text(min)} to {Duration.Text(max)}.");
        return null;
    }

    /// <summary>A string, a number, true or false as it stands, to be judged by its reader.</summary>
    public System.Text.Json.JsonElement? Scalar()
    {
        if (_element.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False) return _element;
        if (!IsAbsent) Mistyped("a string, a number, true or false");
        return null;
    }

    /// <summary>Whatever stands there, for whoever keeps it as it was written beside what it means; null where it is absent.</summary>
    internal JsonElement? Raw() => IsAbsent ? null : _element.Clone();

    /// <summary>True or false.</summary>
    public bool? Flag()
    {
        if (_element.ValueKind is JsonValueKind.True or JsonValueKind.False) return _element.GetBoolean();
        if (!IsAbsent) Mistyped("true or false");
        return null;
    }

    /// <summary>The object, to be read member by member; what is none is told one that would do.</summary>
    public JsonFields? Object(string? like = null) => Is(JsonValueKind.Object, $"an object{Such(like)}") ? new JsonFields(_element, _place, Faults) : null;

    /// <summary>The members of an object whose names are the author's own.</summary>
    public IReadOnlyList<JsonValue> Entries(string? like = null) => Object(like)?.Entries() ?? [];

    /// <summary>The items of an array; what is none is told one that would do.</summary>
    public IReadOnlyList<JsonValue> Items(string? like = null)
    {
        if (!Is(JsonValueKind.Array, $"an array{Such(like)}")) return [];
        return [.. _element.EnumerateArray().Select((item, i) => new JsonValue(item, _place.Item(i), Faults))];
    }

    /// <summary>The texts of an array of them.</summary>
    public IReadOnlyList<string> Texts() => [.. Items().Select(i => i.Text()).OfType<string>()];

    /// <summary>Refuses it.</summary>
    public void Invalid(string message) => Faults.Invalid(Pointer, message);

    /// <summary>Refuses it as something that this version does not do.</summary>
    public void Unsupported() => Unsupported($"{Label} is not supported by this version.");

    /// <inheritdoc cref="Unsupported()"/>
    public void Unsupported(string message) => Faults.Unsupported(Pointer, message);

    /// <summary>Reports that it is of another type than it must be.</summary>
    internal void Mistyped(string wanted, string? found = null) => Faults.Malformed(Pointer, $"{Label} must be {wanted}, not {found ?? Kind}.");

    private string Kind => _element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => "null",
        _ => "nothing",
    };

    /// <summary>
    /// A number as it is written, as digits times a power of ten: no type of a fixed width holds every number of JSON, and one that rounds would
    /// take what is almost whole for whole. The digits neither begin nor end with a zero, but for zero itself.
    /// </summary>
    private static (string Digits, long Exponent) Exact(string json)
    {
        var e = json.AsSpan().IndexOfAny('e', 'E');
        var mantissa = e < 0 ? json : json[..e];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var all = point < 0 ? mantissa : mantissa.Remove(point, 1);
        var digits = all.TrimEnd('0');
        if (digits.Trim('-', '0').Length == 0) return ("0", 0);

        // An exponent that is longer than a long is out of every range; halved, so that what is added to it fits.
        var exponent = e < 0 ? 0
            : long.TryParse(json.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var given)
                ? Math.Clamp(given, long.MinValue / 2, long.MaxValue / 2)
                : json[e + 1] == '-' ? long.MinValue / 2 : long.MaxValue / 2;
        var fraction = point < 0 ? 0 : mantissa.Length - point - 1;
        var sign = digits[0] == '-' ? "-" : "";
        return (sign + digits[sign.Length..].TrimStart('0'), exponent - fraction + (all.Length - digits.Length));
    }

    private static string Such(string? like) => like is null ? "" : $" such as {like}";

    private bool Is(JsonValueKind kind, string wanted)
    {
        if (_element.ValueKind == kind) return true;
        if (!IsAbsent) Mistyped(wanted);
        return false;
    }
}
