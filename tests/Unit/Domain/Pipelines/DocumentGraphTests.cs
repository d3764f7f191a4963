using System.Diagnostics;
using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class DocumentGraphTests
{
    [Fact]
    public void A_task_may_be_defined_once() => IsInvalid(Tasks(Task("a"), Task("b"), Task("a")), "/tasks/2/id", "Task 'a' is defined twice.");

    [Fact]
    public void Ids_that_differ_in_letter_case_are_two() => Assert.Equal(2, Good(Tasks(Task("a"), Task("A"))).Tasks.Count);

    [Fact]
    public void An_unknown_parent_is_refused_with_the_nearest_known() =>
        IsInvalid(Tasks(Task("extract"), Task("load", "exrtact")), "/tasks/1/depends_on/exrtact", "Task 'load' depends on 'exrtact', which does not exist. Did you mean 'extract'?");

    [Fact]
    public void A_parent_with_a_bad_id_is_complained_of_once() => IsInvalid(Tasks(Task("a b"), Task("c", "a b")), "/tasks/0/id", "not ' '");

    [Fact]
    public void A_task_may_not_depend_on_itself() => IsInvalid(Tasks(Task("a", "a")), "/tasks/0/depends_on/a", "Task 'a' depends on itself.");

    [Fact]
    public void A_cycle_is_shown_with_its_path()
    {
        IsInvalid(Tasks(Task("a", "b"), Task("b", "a")), "/tasks/0/depends_on/b", "a → b → a.");
        IsInvalid(Tasks(Task("x"), Task("a", "x", "c"), Task("b", "a"), Task("c", "b"), Task("d", "c")), "/tasks/1/depends_on/c", "a → c → b → a.");
    }

    [Fact]
    public void Cycles_apart_from_each_other_are_all_reported_also_where_one_feeds_the_other()
    {
        var error = Refused(Tasks(Task("a", "b"), Task("b", "a"), Task("c", "a", "d"), Task("d", "c"), Task("free")));
        Assert.Equal(["/tasks/0/depends_on/b", "/tasks/2/depends_on/d"], error.Faults!.Select(f => f.Pointer));
    }

    [Fact]
    public void A_diamond_and_parents_defined_later_are_no_cycle() =>
        Assert.Equal(4, Good(Tasks(Task("d", "b", "c"), Task("b", "a"), Task("c", "a"), Task("a"))).Tasks.Count);

    [Fact]
    public void A_chain_of_a_thousand_tasks_is_read_in_either_order()
    {
        string[] tasks = [Task("t0"), .. Enumerable.Range(1, 999).Select(i => Task($"t{i}", $"t{i - 1}"))];
        Assert.Equal(1000, Good(Tasks(tasks)).Tasks.Count);
        Assert.Equal(1000, new TaskGraph(Good(Tasks([.. tasks.Reverse()])).Tasks).Count);
    }

    [Fact]
    public void A_ring_of_a_thousand_tasks_is_refused_with_a_path_that_can_be_read()
    {
        var error = Refused(Tasks([.. Enumerable.Range(0, 1000).Select(i => Task($"t{i}", $"t{(i + 1) % 1000}"))]));
        var fault = Assert.Single(error.Faults!);
        Assert.Equal("Tasks form a cycle, each waiting for the next: t0 → t1 → t2 → t3 → t4 → t5 → … (989 more) → t995 → t996 → t997 → t998 → t999 → t0.", fault.Message);
    }

    [Fact]
    public void A_ring_of_fifty_thousand_tasks_overflows_no_stack()
    {
        const int deep = 50_000;
        var error = Refused(Tasks([.. Enumerable.Range(0, deep).Select(i => Task($"t{i}", $"t{(i + 1) % deep}"))]), DocumentLimits.Default with { Tasks = deep });
        Assert.Contains("(49989 more)", Assert.Single(error.Faults!).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_knot_with_more_ways_round_than_could_be_counted_is_reported_once_and_fast()
    {
        string[] all = [.. Enumerable.Range(0, 101).Select(i => $"t{i}")];
        var watch = Stopwatch.StartNew();
        IsInvalid(Tasks([.. all.Select(id => Task(id, [.. all.Where(p => p != id)]))]), "/tasks/0/depends_on/t1", "t0 → t1 → t0.");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void Thousands_of_cycles_that_feed_each_other_are_found_fast()
    {
        const int pairs = 5_000;
        var json = Tasks([.. Enumerable.Range(0, pairs).SelectMany(i => new[] { Task($"a{i}", $"b{i}", $"a{Math.Min(i + 1, pairs - 1)}"), Task($"b{i}", $"a{i}") })]);

        var watch = Stopwatch.StartNew();
        var error = Refused(json, DocumentLimits.None);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"It took {watch.Elapsed}.");
        Assert.Equal("4001 more things are wrong; mend these first.", error.Faults![^1].Message);
    }
}
