namespace Gofer.Domain.Triggers;

/// <summary>The time zones that this machine knows.</summary>
internal static class Zones
{
    private static readonly Lazy<IReadOnlyCollection<string>> s_names = new(() => [.. TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id)]);

    /// <summary>
    /// Whether there is one of exactly that name. The platform finds one in any letter case once it has read its list of them, which another process may not have. Names of files
    /// that are there for other ends than to name a place are none.
    /// </summary>
    public static bool Has(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.Id == name
        && name is not ("localtime" or "posixrules") && !name.StartsWith("posix/", StringComparison.Ordinal) && !name.StartsWith("right/", StringComparison.Ordinal)
        && !name.Contains("//", StringComparison.Ordinal);

    /// <summary>Their IANA names, for suggestions.</summary>
    public static IReadOnlyCollection<string> Names => s_names.Value;
}
