using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Gofer.Domain.Common;

/// <summary>
/// Kubernetes quantities: a plain number with a decimal (<c>m k M G T P E</c>) or binary (<c>Ki Mi Gi Ti Pi Ei</c>) suffix, or an
/// exponent. What is finer than the unit is rounded up, as Kubernetes does.
/// </summary>
public static class Quantity
{
    /// <summary>What a quantity looks like, as a regular expression without anchors.</summary>
    public const string Pattern = @"([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?";

    /// <summary>The longest text of one.</summary>
    public const int MaxLength = 32;
    private const long MinMillis = 10;
    private const long MaxMillis = 1_000_000;
    private const long MinBytes = 6L << 20;
    private const long MaxBytes = 1L << 50;
    private const decimal Huge = 1e20m;
    private static readonly SearchValues<char> _digits = SearchValues.Create("0123456789.");

    /// <summary>CPU in thousandths of a core, from 10m to 1000 cores.</summary>
    public static bool TryCpu(string text, out long millis, [NotNullWhen(false)] out string? complaint)
    {
        millis = 0;
        if (!TryParse(text, out var cores))
            complaint = $"{Shown.Quoted(text)} is no amount of CPU; write '500m' for half a core, or '2' for two.";
        else if (cores * 1000 < MinMillis)
            complaint = $"{Shown.Quoted(text)} is too little CPU; the least is 10m, a hundredth of a core.";
        else if (cores * 1000 > MaxMillis)
            complaint = $"{Shown.Quoted(text)} is too much CPU; the most is 1000 cores.";
        else
            (millis, complaint) = ((long)decimal.Ceiling(cores * 1000), null);
        return complaint is null;
    }

    /// <summary>Memory in bytes, from 6Mi to 1Pi.</summary>
    public static bool TryMemory(string text, out long bytes, [NotNullWhen(false)] out string? complaint)
    {
        bytes = 0;
        if (!TryParse(text, out var amount))
            complaint = $"{Shown.Quoted(text)} is no amount of memory; write '256Mi', '1Gi' or a number of bytes.";
        else if (amount < MinBytes)
            complaint = $"{Shown.Quoted(text)} is too little memory; the least is 6Mi.{(text.EndsWith('m') ? $" ('m' is a thousandth of a byte; did you mean '{text[..^1]}Mi'?)" : "")}";
        else if (amount > MaxBytes)
            complaint = $"{Shown.Quoted(text)} is too much memory; the most is 1Pi.";
        else
            (bytes, complaint) = ((long)decimal.Ceiling(amount), null);
        return complaint is null;
    }

    /// <summary>Any whole number of bytes, to 1Pi.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        var isRead = TryParse(text, out var amount) && amount <= MaxBytes;
        bytes = isRead ? (long)decimal.Ceiling(amount) : 0;
        return isRead;
    }

    /// <summary>The number; past the greatest that anything here allows it is only known to be greater.</summary>
    private static bool TryParse(string text, out decimal amount)
    {
        amount = 0;
        var digits = text.AsSpan().IndexOfAnyExcept(_digits);
        var suffix = digits < 0 ? "" : text[digits..];
        if (text.Length is 0 or > MaxLength || Scale(suffix) is not { } scale) return false;

        var number = digits < 0 ? text : text[..digits];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return false;

        amount = (double)value * (double)scale > (double)Huge ? Huge : value * scale;
        return true;
    }

    private static decimal? Scale(string suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1L << 10,
        "Mi" => 1L << 20,
        "Gi" => 1L << 30,
        "Ti" => 1L << 40,
        "Pi" => 1L << 50,
        "Ei" => 1L << 60,
        _ when suffix[0] is 'e' or 'E' && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            && exponent is >= -9 and <= 18 => (decimal)Math.Pow(10, exponent),
        _ => null,
    };
}
