using System.Globalization;

namespace Gofer.Domain.SharedTasks;

/// <summary>The version of a shared task: three numbers, of which the last is left away where it is 0. They are compared as numbers, so 2.10 comes after 2.9.</summary>
public readonly record struct TaskVersion(int Major, int Minor, int Patch) : IComparable<TaskVersion>
{
    /// <summary>The greatest of the numbers.</summary>
    public const int Greatest = 999_999;

    /// <summary>How a sentence says what a version is.</summary>
    public const string Rule = "MAJOR.MINOR or MAJOR.MINOR.PATCH, such as 2.1 or 2.1.3";

    /// <summary>Reads <c>2.1</c> or <c>2.1.3</c>.</summary>
    public static bool TryParse(string text, out TaskVersion version)
    {
        ArgumentNullException.ThrowIfNull(text);
        version = default;
        var parts = text.Split('.');
        if (parts.Length is not (2 or 3) || !TryNumber(parts[0], out var major) || !TryNumber(parts[1], out var minor)) return false;
        var patch = 0;
        if (parts.Length == 3 && !TryNumber(parts[2], out patch)) return false;
        version = new TaskVersion(major, minor, patch);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(TaskVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <summary>Whether <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(TaskVersion left, TaskVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(TaskVersion left, TaskVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(TaskVersion left, TaskVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(TaskVersion left, TaskVersion right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Patch == 0 ? FormattableString.Invariant($"{Major}.{Minor}") : FormattableString.Invariant($"{Major}.{Minor}.{Patch}");

    /// <summary>A number without a sign, and without zeros before it, which would make two texts of one version.</summary>
    internal static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= Greatest && (text.Length == 1 || text[0] != '0');
}
