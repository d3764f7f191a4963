using CsCheck;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Intervals do not drift, and jitter is the same wherever it is computed.</summary>
public sealed class IntervalTests
{
    private static readonly DateTimeOffset s_time = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<long> s_instants = Gen.Long[0, DateTimeOffset.MaxValue.UtcTicks];
    private static readonly Gen<IntervalSchedule> s_intervals = Gen.Select(s_instants, Gen.Int[-14, 14], Gen.Long[10_000, 366L * 24 * 3600 * 1000])
        .Select((ticks, offset, every) => new IntervalSchedule(Shown(ticks, offset), TimeSpan.FromMilliseconds(every)));

    [Fact]
    public void The_next_time_is_the_first_after_an_instant_that_is_whole_intervals_from_the_anchor()
    {
        Gen.Select(s_intervals, s_instants).Sample((interval, ticks) =>
        {
            var after = new DateTimeOffset(ticks, TimeSpan.Zero);
            if (interval.NextAfter(after) is not { } next)
            {
                Assert.True(DateTimeOffset.MaxValue - after <= interval.Every, "The time ends before the next.");
                return;
            }

            Assert.Equal(TimeSpan.Zero, next.Offset);
            Assert.True(next > after && next >= interval.Anchor);
            Assert.Equal(0, (next - interval.Anchor).Ticks % interval.Every.Ticks);
            if (next > interval.Anchor) Assert.True(next - interval.Every <= after, $"{next - interval.Every:o} is after {after:o} too");
        });
    }

    [Fact]
    public void Each_time_follows_the_one_before_by_the_interval()
    {
        var interval = new IntervalSchedule(s_time, TimeSpan.FromMinutes(15));
        Assert.Equal(s_time, interval.NextAfter(s_time.AddYears(-1)));
        Assert.Equal(s_time.AddMinutes(15), interval.NextAfter(s_time));
        Assert.Equal(s_time.AddMinutes(15), interval.NextAfter(s_time.AddMinutes(15).AddTicks(-1)));
        Assert.Equal(s_time.AddYears(5).AddMinutes(15), interval.NextAfter(s_time.AddYears(5).AddSeconds(1)));
    }

    /// <summary>These two values are a promise: another computation would move every fire that waits when a server is replaced.</summary>
    [Fact]
    public void The_jitter_of_a_trigger_and_a_time_never_changes()
    {
        var trigger = Guid.Parse("01900000-0000-7000-8000-000000000001");
        Assert.Equal(266724, Jitter.Of(trigger, s_time, TimeSpan.FromMinutes(5)).TotalMilliseconds);
        Assert.Equal(227923, Jitter.Of(trigger, s_time.AddDays(1), TimeSpan.FromMinutes(5)).TotalMilliseconds);
    }

    [Fact]
    public void Jitter_is_less_than_the_most_and_the_same_for_the_same_instant()
    {
        Gen.Select(Gen.Guid, s_instants, Gen.Int[-14, 14], Gen.Long[0, TimeSpan.TicksPerDay]).Sample((trigger, ticks, offset, most) =>
        {
            var (time, jitter) = (new DateTimeOffset(ticks, TimeSpan.Zero), TimeSpan.FromTicks(most));
            var drawn = Jitter.Of(trigger, time, jitter);
            Assert.True(drawn >= TimeSpan.Zero && (drawn < jitter || jitter == TimeSpan.Zero));
            Assert.Equal(0, drawn.Ticks % TimeSpan.TicksPerMillisecond);
            Assert.Equal(drawn, Jitter.Of(new Guid(trigger.ToByteArray()), Shown(ticks, offset), jitter));
        });
        Assert.Equal(TimeSpan.Zero, Jitter.Of(Guid.Empty, s_time, TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Jitter_is_spread_evenly_over_triggers_and_over_times()
    {
        var most = TimeSpan.FromMinutes(5);
        Even(Enumerable.Range(0, 4000).Select(n => Jitter.Of(Guid.Parse($"01900000-0000-7000-8000-{n:x12}"), s_time, most) / most));
        Even(Enumerable.Range(0, 4000).Select(n => Jitter.Of(Guid.Empty, s_time.AddMinutes(n), most) / most));

        // Ten bins of 400 each, deviation 19; six of it are never chance. The draws are a function of what is above: they do not change.
        static void Even(IEnumerable<double> draws) => Assert.All(Enumerable.Range(0, 10), bin => Assert.InRange(draws.Count(d => (int)(d * 10) == bin), 286, 514));
    }

    /// <summary>An instant as a clock shows it that is so many hours from UTC; in UTC where no such clock can show it.</summary>
    private static DateTimeOffset Shown(long ticks, int offset)
    {
        var local = ticks + (offset * TimeSpan.TicksPerHour);
        return local < 0 || local > DateTime.MaxValue.Ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : new DateTimeOffset(local, TimeSpan.FromHours(offset));
    }
}
