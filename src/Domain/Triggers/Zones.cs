namespace Gofer.Domain.Triggers;

/// <summary>The time zones that this machine knows.</summary>
internal static class Zones
{
    private static readonly Lazy<IReadOnlyCollection<string>> s_names = new(() => [.. TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id)]);

    /// <summary>Their IANA names, for suggestions.</summary>
    public static IReadOnlyCollection<string> Names => s_names.Value;
}
