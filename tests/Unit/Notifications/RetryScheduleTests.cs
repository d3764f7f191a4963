using CsCheck;
using Gofer.Domain.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>When a delivery is tried again.</summary>
public sealed class RetryScheduleTests
{
    [Fact]
    public void The_longest_waits_are_those_that_are_documented()
    {
        Assert.Equal([5, 15, 45, 135, 405, 1215, 3600, 3600, 3600, 3600, 3600], Enumerable.Range(1, 11).Select(n => RetrySchedule.LongestDelay(n).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(19_820), RetrySchedule.LongestAltogether);
        Assert.Equal(RetrySchedule.Longest, RetrySchedule.LongestDelay(1_000_000));
    }

    [Fact]
    public void A_wait_is_never_longer_than_its_cap_nor_shorter_than_was_asked_for_and_the_same_wherever_it_is_drawn() =>
        Gen.Select(Gen.Guid, Gen.Int[1, RetrySchedule.MaxAttempts - 1], Gen.Int[-10, 10_000]).Sample((delivery, failures, seconds) =>
        {
            var wait = RetrySchedule.Delay(delivery, failures);
            Assert.NotNull(wait);
            Assert.InRange(wait.Value, TimeSpan.Zero, RetrySchedule.LongestDelay(failures));
            Assert.Equal(wait, RetrySchedule.Delay(new Guid(delivery.ToByteArray()), failures));

            var asked = TimeSpan.FromSeconds(seconds);
            var later = RetrySchedule.Delay(delivery, failures, asked)!.Value;
            Assert.InRange(later, wait.Value, RetrySchedule.Longest);
            Assert.True(later >= asked || later == RetrySchedule.Longest);
            Assert.True(later == wait || later == asked || later == RetrySchedule.Longest);
        });

    [Fact]
    public void After_the_last_attempt_nothing_follows() => Gen.Select(Gen.Guid, Gen.Int[RetrySchedule.MaxAttempts, 1000]).Sample((delivery, failures) =>
        RetrySchedule.Delay(delivery, failures) is null && RetrySchedule.Delay(delivery, failures, TimeSpan.FromHours(1)) is null);

    [Fact]
    public void Waits_are_spread_evenly_over_all_of_the_time()
    {
        // Ten bins of 400 each, deviation 19; six of it are never chance. The draws are a function of their number: they do not change.
        var draws = Enumerable.Range(0, 4000).Select(n => RetrySchedule.Delay(Guid.Parse($"01900000-0000-7000-8000-{n:x12}"), 3)!.Value / RetrySchedule.LongestDelay(3)).ToList();
        Assert.All(Enumerable.Range(0, 10), bin => Assert.InRange(draws.Count(d => (int)(d * 10) == bin), 286, 514));
    }
}
