using CsCheck;
using Gofer.Application.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>How many deliveries there are at a time, and that a slow target slows nobody else.</summary>
public sealed class TargetLimiterTests
{
    private static readonly DateTimeOffset s_start = new(2027, 3, 28, 1, 30, 0, TimeSpan.Zero);

    [Fact]
    public void No_more_are_let_in_than_may_be_whatever_comes_and_goes() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Int[0, 3]).Array[1, 400].Sample(steps =>
        {
            var (limiter, now) = (new TargetLimiter(), s_start);
            var entered = new List<(IDisposable Pass, string Host)>();
            var times = new Dictionary<string, List<DateTimeOffset>>();
            foreach (var (step, n, h) in steps)
            {
                if (step == 0) now += TimeSpan.FromSeconds(n * 7);
                if (step is 1 or 2 && entered.Count > 0) Leave(n % entered.Count);
                if (step <= 2) continue;

                var (notification, host) = ($"n{n}", $"h{h}");
                var recent = times.TryGetValue(notification, out var all) ? all : times[notification] = [];
                var inMinute = recent.Count(t => now - t < TimeSpan.FromMinutes(1));
                var may = entered.Count < TargetLimiter.Together && entered.Count(e => e.Host == host) < TargetLimiter.PerHost && inMinute < TargetLimiter.PerMinute;
                var pass = limiter.TryEnter(notification, host, now, out var wait);
                if (may != pass is not null || may != (wait == TimeSpan.Zero) || wait > TimeSpan.FromMinutes(1)) return false;
                if (pass is null) continue;
                recent.Add(now);
                entered.Add((pass, host));
            }

            return limiter.Free == TargetLimiter.Together - entered.Count;

            void Leave(int i)
            {
                entered[i].Pass.Dispose();
                entered[i].Pass.Dispose(); // again is nothing
                entered.RemoveAt(i);
            }
        });

    [Fact]
    public void The_sixty_first_of_a_minute_is_let_in_when_the_first_is_a_minute_old()
    {
        var (limiter, now) = (new TargetLimiter(), s_start);
        for (var i = 0; i < TargetLimiter.PerMinute; i++, now += TimeSpan.FromMilliseconds(100)) limiter.TryEnter("a", "h", now, out _)!.Dispose();
        Assert.Null(limiter.TryEnter("a", "h", now, out var wait));
        Assert.Equal(s_start + TimeSpan.FromMinutes(1) - now, wait);
        Assert.Equal(["a"], limiter.Held(now));
        limiter.TryEnter("b", "h", now, out _)!.Dispose();
        Assert.Empty(limiter.Held(now + wait));
        Assert.NotNull(limiter.TryEnter("a", "h", now + wait, out _));
        Assert.Null(limiter.TryEnter("a", "h", now + wait, out _));
    }

    [Fact]
    public void Held_are_those_whose_host_is_full_and_what_is_long_past_is_forgotten()
    {
        var limiter = new TargetLimiter();
        var pass = limiter.TryEnter("a", "Slow.example", s_start, out _)!;
        limiter.TryEnter("b", "slow.example", s_start, out _);
        limiter.TryEnter("c", "other.example", s_start, out _);
        Assert.Null(limiter.TryEnter("d", "slow.example", s_start, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(1), wait);
        Assert.Equal(["a", "b", "d"], limiter.Held(s_start).Order(StringComparer.Ordinal));
        pass.Dispose();
        Assert.Empty(limiter.Held(s_start.AddMinutes(2)));
    }

    /// <summary>
    /// A loop as <see cref="TargetLimiter"/> asks for it, over any backlog: two hosts in which every delivery takes ten seconds, and others that take one. All arrive, and
    /// those of quick hosts as if the slow had nothing.
    /// </summary>
    [Fact]
    public void Everything_arrives_and_a_slow_target_slows_nobody_else() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 40].Array[1, 4]).Sample((slow, quick) =>
        {
            var counts = quick.Select((count, i) => (Target: $"quick{i}", Count: count)).ToList();
            var (together, slowDone) = Ended([.. counts.Prepend(("slow", slow))]);
            var (alone, _) = Ended(counts);
            return slowDone == slow && together == alone;
        }, iter: 50);

    /// <summary>When the last delivery of a quick target is over, and how many of the slow one arrived.</summary>
    private static (DateTimeOffset Quick, int Slow) Ended(IReadOnlyList<(string Target, int Count)> backlog)
    {
        var (limiter, now, last, slow) = (new TargetLimiter(), s_start, s_start, 0);
        // The slow target's are the oldest: whoever takes what is due in order meets them first.
        var due = backlog.SelectMany(b => Enumerable.Repeat((b.Target, At: s_start), b.Count)).ToList();
        var sending = new List<(string Target, DateTimeOffset Ends, IDisposable Pass)>();
        while (due.Count + sending.Count > 0)
        {
            foreach (var over in sending.Where(s => s.Ends <= now).ToList())
            {
                over.Pass.Dispose();
                sending.Remove(over);
                if (over.Target == "slow") slow++;
                else last = now;
            }

            for (var held = limiter.Held(now); due.FindIndex(d => d.At <= now && !held.Contains(d.Target)) is >= 0 and var next && limiter.Free > 0; held = limiter.Held(now))
            {
                var target = due[next].Target;
                due.RemoveAt(next);
                if (limiter.TryEnter(target, target, now, out var wait) is { } pass) sending.Add((target, now.AddSeconds(target == "slow" ? 10 : 1), pass));
                else due.Add((target, now + wait));
            }

            now += TimeSpan.FromSeconds(1);
        }

        return (last, slow);
    }
}
