namespace Gofer.Domain.Triggers;

/// <summary>Times of equal distance: the anchor and every so often after it. They do not drift, whatever happens between.</summary>
public sealed record IntervalSchedule(DateTimeOffset Anchor, TimeSpan Every)
{
    /// <summary>The first of them strictly after that instant, in UTC; null beyond what a time can say.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset after)
    {
        if (after < Anchor) return Anchor.ToUniversalTime();
        var passed = (after - Anchor).Ticks / Every.Ticks;
        // Checked by division: the product may be more than ticks can count.
        return (DateTimeOffset.MaxValue - Anchor).Ticks / Every.Ticks > passed ? Anchor.ToUniversalTime() + TimeSpan.FromTicks((passed + 1) * Every.Ticks) : null;
    }
}
