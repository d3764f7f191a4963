using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>Which failures are tried again, how often, and after how long.</summary>
public sealed class RetryPolicyTests
{
    private static readonly Gen<RetryPolicy> s_policies = Gen.Select(Gen.Int[0, 3_600_000], Gen.Double[1, 10], Gen.Int[0, 604_800_000]).Select(
        (initial, factor, more) => new RetryPolicy
        {
            MaxAttempts = 100,
            InitialDelay = TimeSpan.FromMilliseconds(initial),
            Factor = factor,
            MaxDelay = TimeSpan.FromMilliseconds(initial + (double)more),
        });

    private static readonly Gen<RunId> s_runs = Gen.Guid.Select(g => new RunId(g));

    [Fact]
    public void What_a_policy_leaves_away_has_the_defaults_that_are_documented()
    {
        var policy = GoodTask(""" "retry":{"max_attempts":2} """).Retry;
        Assert.Equal((2, TimeSpan.FromSeconds(1), 2.0, TimeSpan.FromMinutes(5)), (policy.MaxAttempts, policy.InitialDelay, policy.Factor, policy.MaxDelay));
        Assert.Equal(["exit_code", "oom", "image_pull", "lost", "timeout", "scheduler_error"], policy.On);
        Assert.Empty(policy.ExitCodes);
        Assert.Equal(3, GoodTask(""" "retry":{"factor":3} """).Retry.MaxAttempts);
        Assert.Equal(1, GoodTask(""" "description":"" """).Retry.MaxAttempts);
    }

    [Fact]
    public void Every_member_is_read()
    {
        var policy = GoodTask(""" "retry":{"max_attempts":5,"initial_delay":"2s","factor":1.5,"max_delay":"1m","on":["EXIT_CODE","oom","oom"],"exit_codes":[75,1,75]} """).Retry;
        Assert.Equal((5, TimeSpan.FromSeconds(2), 1.5, TimeSpan.FromMinutes(1)), (policy.MaxAttempts, policy.InitialDelay, policy.Factor, policy.MaxDelay));
        Assert.Equal(["exit_code", "oom"], policy.On);
        Assert.Equal([1, 75], policy.ExitCodes);
    }

    [Theory]
    [InlineData("""{"max_attempts":0}""", "max_attempts", "must be from 1 to 100")]
    [InlineData("""{"max_attempts":101}""", "max_attempts", "must be from 1 to 100")]
    [InlineData("""{"initial_delay":"8d"}""", "initial_delay", "must be from 0s to 7d")]
    [InlineData("""{"initial_delay":"soon"}""", "initial_delay", "a duration such as 90s or 1h30m")]
    [InlineData("""{"max_delay":"169h"}""", "max_delay", "must be from 0s to 7d")]
    [InlineData("""{"initial_delay":"10s","max_delay":"9s"}""", "max_delay", "shorter than the initial delay of 10s")]
    [InlineData("""{"factor":0.9}""", "factor", "must be from 1 to 10")]
    [InlineData("""{"factor":11}""", "factor", "must be from 1 to 10")]
    [InlineData("""{"on":["exit"]}""", "on/0", "must be one of exit_code, oom, image_pull, lost, timeout, scheduler_error")]
    [InlineData("""{"on":["poison"]}""", "on/0", "must be one of")]
    [InlineData("""{"exit_codes":[0]}""", "exit_codes/0", "must be from 1 to 255")]
    [InlineData("""{"exit_codes":[256]}""", "exit_codes/0", "must be from 1 to 255")]
    [InlineData("""{"on":["oom"],"exit_codes":[1]}""", "exit_codes", "'on' does not have exit_code")]
    [InlineData("""{"attempts":3}""", "attempts", "There is no member")]
    public void A_policy_that_cannot_be_is_refused(string json, string pointer, string said) =>
        IsInvalid(OneTask($"\"retry\":{json}"), $"/tasks/0/retry/{pointer}", said);

    [Fact]
    public void A_first_wait_that_is_longer_than_the_usual_longest_is_the_longest()
    {
        Assert.Equal(TimeSpan.FromHours(1), GoodTask(""" "retry":{"initial_delay":"1h"} """).Retry.MaxDelay);
    }

    [Theory]
    [InlineData(1, "exit_code", 1, true)]
    [InlineData(2, "exit_code", 75, true)]
    [InlineData(3, "exit_code", 1, false)] // the first attempt counts: three are three
    [InlineData(1, "exit_code", 2, false)]
    [InlineData(1, "oom", 137, true)] // exit codes choose among exit codes alone
    [InlineData(1, "timeout", 143, false)]
    [InlineData(1, "lost", null, false)]
    [InlineData(1, "poison", null, false)]
    [InlineData(1, null, 1, false)]
    public void It_retries_what_it_names(int attempt, string? reason, int? exitCode, bool again) =>
        Assert.Equal(again, new RetryPolicy { MaxAttempts = 3, On = ["exit_code", "oom"], ExitCodes = [1, 75] }.Retries(attempt, reason, exitCode));

    [Fact]
    public void The_longest_wait_grows_by_the_factor_up_to_its_cap()
    {
        var policy = new RetryPolicy { InitialDelay = TimeSpan.FromSeconds(1), Factor = 2, MaxDelay = TimeSpan.FromSeconds(10) };
        Assert.Equal([1, 2, 4, 8, 10, 10], Enumerable.Range(1, 6).Select(n => policy.LongestDelay(n).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(10), policy.LongestDelay(100_000));
    }

    [Fact]
    public void A_wait_is_never_negative_nor_longer_than_its_cap_and_the_same_wherever_it_is_drawn()
    {
        Gen.Select(s_policies, s_runs, Gen.Int[0, 1999], Gen.Int[1, 99]).Sample((policy, run, task, attempt) =>
        {
            var wait = policy.Delay(run, task, attempt);
            Assert.InRange(wait, TimeSpan.Zero, policy.LongestDelay(attempt));
            Assert.InRange(policy.LongestDelay(attempt), policy.InitialDelay, policy.MaxDelay);
            Assert.Equal(wait, (policy with { }).Delay(new RunId(new Guid(run.Value.ToByteArray())), task, attempt));
        });
    }

    [Fact]
    public void Waits_are_spread_evenly_over_all_of_the_time_and_do_not_go_together()
    {
        var policy = new RetryPolicy { InitialDelay = TimeSpan.FromSeconds(1) };
        var run = new RunId(Guid.Parse("01900000-0000-7000-8000-000000000001"));
        Even(Enumerable.Range(0, 4000).Select(task => policy.Delay(run, task, 1) / policy.LongestDelay(1)));
        Even(Enumerable.Range(1, 4000).Select(attempt => policy.Delay(run, 0, attempt) / policy.LongestDelay(attempt)));
        Even(Enumerable.Range(0, 4000).Select(n => policy.Delay(new RunId(Guid.Parse($"01900000-0000-7000-8000-{n:x12}")), 0, 1) / policy.LongestDelay(1)));

        // Ten bins of 400 each, deviation 19; six of it are never chance. The draws are a function of what is above: they do not change.
        static void Even(IEnumerable<double> draws) =>
            Assert.All(Enumerable.Range(0, 10), bin => Assert.InRange(draws.Count(d => (int)(d * 10) == bin), 286, 514));
    }
}
