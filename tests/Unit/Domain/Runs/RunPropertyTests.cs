using CsCheck;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>
/// Random graphs × random outcomes × random orders of events, driven through the aggregate and judged by an oracle that was written from
/// the rules alone. Everything random comes from one seed, so a failing case is printed and can be run again.
/// </summary>
public sealed class RunPropertyTests
{
    private const int Cases = 100_000;

    [Fact]
    public void Every_history_ends_in_one_terminal_state_that_the_rules_predict()
    {
        var counts = new HistoryCounts();
        Gen.Int.Sample(seed => new RunHistory(seed, counts, whole: true).Play(), iter: Cases, threads: 2);
        counts.Check(TestContext.Current.TestOutputHelper!, Cases);
    }

    [Fact]
    public void A_run_loaded_in_part_behaves_as_one_loaded_whole() => Gen.Int.Sample(
        seed =>
        {
            var whole = new RunHistory(seed, new HistoryCounts(), whole: true).Play();
            var parts = new RunHistory(seed, new HistoryCounts(), whole: false).Play();
            Assert.Equal(whole, parts);
        },
        iter: 10_000, threads: 2);
}

/// <summary>How often each kind of case came up: a property that never met the hard cases has shown nothing.</summary>
internal sealed class HistoryCounts
{
    public int Cancel, CancelTask, RunTimeout, AllowFailure, Late, Requeued, Lost, Retried, TimedOut, Held, Matrix, Condemned, Reused;

    public void Check(ITestOutputHelper output, int cases)
    {
        foreach (var (name, count) in new[]
        {
            ("cancel of the run", Cancel), ("cancel of a task", CancelTask), ("timeout of the run", RunTimeout), ("allow_failure", AllowFailure),
            ("late or repeated report", Late), ("requeue", Requeued), ("lost", Lost), ("retry", Retried), ("timeout of a task", TimedOut),
            ("task held back by a limit", Held), ("matrix", Matrix), ("poison", Condemned), ("task taken over from another run", Reused),
        })
        {
            output.WriteLine($"{name}: {100.0 * count / cases:0.0} % of cases");
            Assert.True(count >= cases / 20, $"Only {count} of {cases} cases had a {name}.");
        }
    }
}
