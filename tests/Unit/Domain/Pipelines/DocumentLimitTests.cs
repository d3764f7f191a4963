using System.Diagnostics;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class DocumentLimitTests
{
    [Fact]
    public void Parallelism_goes_from_none_to_ten_thousand()
    {
        Assert.Equal(10_000, Good(With("parallelism", "10000")).Parallelism);
        Assert.Equal(100, Good(With("parallelism", "1e2")).Parallelism);
        foreach (var number in new[] { "-1", "10001", "1e30", "1e400" }) IsInvalid(With("parallelism", number), "/parallelism", "'parallelism' must be from 0 to 10000.");
    }

    [Fact]
    public void Texts_have_a_longest_length()
    {
        Assert.Equal(3000, Good(With("description", Text(3000))).Description.Length);
        IsInvalid(With("description", Text(3001)), "/description", "3001 characters long; at most 3000");
        IsInvalid(With("name", Text(256)), "/name", "at most 255");
        IsInvalid(Tasks($$"""{"id":"a","image":{{Text(513)}}}"""), "/tasks/0/image", "at most 512");
        IsInvalid(OneTask($$""" "description":{{Text(3001)}} """), "/tasks/0/description", "at most 3000");
        IsInvalid(OneTask($$""" "working_dir":{{Text(4097)}} """), "/tasks/0/working_dir", "at most 4096");
        IsInvalid(OneTask($$""" "command":["sh",{{Text(131_072)}}] """), "/tasks/0/command/1", "at most 131071");
    }

    [Fact]
    public void Labels_have_a_number_and_sizes()
    {
        IsInvalid(With("labels", Map(65)), "/labels", "There are 65 labels; at most 64");
        IsInvalid(With("labels", $$"""{ {{Text(129)}}:""}"""), $"/labels/{new string('x', 129)}", "at most 128");
        IsInvalid(With("labels", $$"""{"a":{{Text(256)}}}"""), "/labels/a", "at most 255");
        IsInvalid(With("labels", """{"a:b":""}"""), "/labels/a:b", "may hold neither ':' nor white space");
        IsInvalid(With("labels", """{"":""}"""), "/labels/", "A label needs a key.");
    }

    [Fact]
    public void A_task_has_at_most_256_variables_of_64_KiB_in_UTF_8()
    {
        Assert.Equal(256, GoodTask($"\"variables\": {Map(256)}").Variables.Count);
        IsInvalid(OneTask($"\"variables\": {Map(257)}"), "/tasks/0/variables", "There are 257 variables; at most 256");

        Assert.Equal(65_536, GoodTask($$""" "variables": {"A":{{Text(65_536)}}} """).Variables["A"].Length);
        IsInvalid(OneTask($$""" "variables": {"A":{{Text(65_537)}}} """), "/tasks/0/variables/A", "65537 bytes long; at most 65536");
        IsInvalid(OneTask($$""" "variables": {"A":{{Text(32_769, 'ä')}}} """), "/tasks/0/variables/A", "65538 bytes long");
    }

    [Fact]
    public void A_task_has_at_most_100_parents()
    {
        var parents = Enumerable.Range(0, 101).Select(i => $"t{i}").ToArray();
        Assert.Equal(100, Good(Tasks([.. parents.Select(p => Task(p)), Task("child", parents[..100])])).Tasks[^1].DependsOn.Count);
        IsInvalid(Tasks([.. parents.Select(p => Task(p)), Task("child", parents)]), "/tasks/101/depends_on", "There are 101 parents; at most 100");
    }

    [Fact]
    public void The_limits_are_the_callers_to_set()
    {
        var error = Refused(Tasks(Task("a"), Task("b")), DocumentLimits.Default with { Tasks = 1 });
        IsOnly(error, ErrorCodes.ValidationFailed, "/tasks", "There are 2 tasks; at most 1 are allowed.");
    }

    [Fact]
    public void Five_thousand_tasks_with_a_fault_in_each_are_refused_fast_and_in_a_bounded_answer()
    {
        var json = Tasks([.. Enumerable.Range(0, 5000).Select(i => Task($"task-{i}", $"tsak-{i}", $"task-{(i + 1) % 5000}"))]);
        Refused(Tasks(Task("a", "b")));

        var watch = Stopwatch.StartNew();
        var error = Refused(json);

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"It took {watch.Elapsed}.");
        Assert.Equal(1001, error.Faults!.Count);
        Assert.Contains(error.Faults, f => f is { Pointer: "/tasks" } && f.Message.StartsWith("There are 5000 tasks", StringComparison.Ordinal));
        Assert.Equal(new Fault("", "4002 more things are wrong; mend these first."), error.Faults[^1]);
    }

    [Fact]
    public void A_name_of_half_a_megabyte_is_not_repeated_in_every_fault()
    {
        var error = Refused($$"""{ {{Text(500_000)}}: [{{string.Join(',', Enumerable.Repeat("\"\\u0000\"", 5000))}}] }""");
        Assert.True(error.Faults!.Sum(f => f.Pointer.Length + f.Message.Length) < 100_000);
    }

    [Fact]
    public void Two_hundred_thousand_unreadable_strings_are_refused_fast()
    {
        var json = $$"""{"id":"p","tasks":[{"id":"a","image":"b","command":[{{string.Join(',', Enumerable.Repeat("\"\\ud800\"", 200_000))}}]}]}""";

        var watch = Stopwatch.StartNew();
        Assert.Equal(ErrorCodes.MalformedRequest, Refused(json).Code);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"It took {watch.Elapsed}.");
    }

    private static string Text(int length, char of = 'x') => JsonSerializer.Serialize(new string(of, length));

    private static string Map(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\":\"v\""))}}}";

    private static string With(string member, string json) => $$"""{"id":"p","{{member}}":{{json}},"tasks":[{"id":"a","image":"busybox"}]}""";
}
