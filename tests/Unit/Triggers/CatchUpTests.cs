using CsCheck;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Each due time is handled once, however few a pass may handle, and fires where the policy has it.</summary>
public sealed class CatchUpTests
{
    private static readonly DateTimeOffset s_time = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<CatchUpPolicy> s_policies = Gen.OneOf(
        Gen.OneOf(CatchUpPolicy.None, CatchUpPolicy.Last, CatchUpPolicy.All, CatchUpPolicy.UpTo(CatchUpPolicy.MaxCount)), Gen.Int[1, 12].Select(CatchUpPolicy.UpTo));

    /// <summary>The seconds of all times there are, which end at times, and how far the first of them lies back.</summary>
    private static readonly Gen<Case> s_cases = Gen.Select(Gen.Int[1, 90].Array[1, 40], Gen.Int[0, 2000], Gen.Int[0, 300], s_policies, Gen.Int[1, 15])
        .Select((gaps, now, grace, policy, batch) => new Case(gaps, s_time.AddSeconds(now), TimeSpan.FromSeconds(grace), policy, batch));

    [Fact]
    public void Passes_that_follow_each_other_come_to_what_one_without_a_bound_comes_to()
    {
        s_cases.Sample(c =>
        {
            var whole = c.Decide(c.Times[0], int.MaxValue / 2);
            var handled = new List<(DateTimeOffset, bool)>();
            DateTimeOffset? next = c.Times[0];
            while (next <= c.Now)
            {
                var pass = c.Decide(next.Value, c.Batch);
                Assert.InRange(pass.Times.Count, 1, c.Batch);
                handled.AddRange(pass.Times);
                next = pass.Next;
            }

            Assert.Equal(whole.Times, handled);
            Assert.Equal(whole.Next, next);
        });
    }

    [Fact]
    public void Each_due_time_comes_once_and_fires_where_it_is_on_time_or_the_policy_has_it()
    {
        s_cases.Sample(c =>
        {
            var due = c.Times.Where(t => t <= c.Now).ToList();
            var pass = c.Decide(c.Times[0], int.MaxValue / 2);
            Assert.Equal(due, pass.Times.Select(t => t.ScheduledFor));
            Assert.Equal(c.Times.Select(t => (DateTimeOffset?)t).FirstOrDefault(t => t > c.Now), pass.Next);
            var newest = due.TakeLast(c.Policy.Count).ToHashSet();
            Assert.All(pass.Times, t => Assert.Equal(c.Now - t.ScheduledFor <= c.Grace || newest.Contains(t.ScheduledFor), t.Fires));
        });
    }

    [Fact]
    public void A_pass_looks_no_further_than_it_must()
    {
        var asked = 0;
        var pass = CatchUp.Decide(
            t =>
            {
                asked++;
                return t.AddSeconds(10);
            },
            s_time, s_time.AddYears(10), CatchUpPolicy.UpTo(5), TimeSpan.FromMinutes(1), 100);
        Assert.Equal((100, 105), (pass.Times.Count, asked));
        Assert.All(pass.Times, t => Assert.False(t.Fires));
        Assert.Equal(s_time.AddSeconds(1000), pass.Next);
    }

    [Fact]
    public void What_is_not_due_yet_is_not_handled()
    {
        var pass = CatchUp.Decide(t => t.AddHours(1), s_time, s_time.AddTicks(-1), CatchUpPolicy.All, TimeSpan.FromMinutes(1), 100);
        Assert.Empty(pass.Times);
        Assert.Equal(s_time, pass.Next);
    }

    private sealed record Case(int[] Gaps, DateTimeOffset Now, TimeSpan Grace, CatchUpPolicy Policy, int Batch)
    {
        public IReadOnlyList<DateTimeOffset> Times { get; } = [.. Gaps.Select((_, i) => s_time.AddSeconds(Gaps[..(i + 1)].Sum()))];

        public DuePass Decide(DateTimeOffset next, int batch) =>
            CatchUp.Decide(t => Times.Select(x => (DateTimeOffset?)x).FirstOrDefault(x => x > t), next, Now, Policy, Grace, batch);
    }
}
