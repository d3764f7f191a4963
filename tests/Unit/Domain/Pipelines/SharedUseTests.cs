using System.Text.Json;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>How a document uses shared tasks.</summary>
public sealed class SharedUseTests
{
    [Fact]
    public void A_task_may_use_a_shared_one_in_place_of_an_image()
    {
        var task = Good(Tasks("""{"id":"lint","uses":"lint@2","with":{"path":"src","depth":3,"fast":true,"none":null}}""")).Tasks[0];
        Assert.Equal(("lint@2", ""), (task.Uses, task.Image));
        Assert.Equal(["\"src\"", "3", "true"], task.With.Values.Select(v => v.GetRawText()));
        Assert.Equal("""{"id":"lint","uses":"lint@2","with":{"depth":3,"fast":true,"path":"src"}}""", DocumentWriter.Write(task));
    }

    [Theory]
    [InlineData("lint", "has no version: write 'lint@1' for the newest of a major version")]
    [InlineData("@2", "must begin with the name of a shared task; the name must not be empty.")]
    [InlineData("a b@2", "must begin with the name of a shared task")]
    [InlineData("lint@", "names a version that is none")]
    [InlineData("lint@v2", "names a version that is none")]
    [InlineData("lint@2.1.0", "names a version that is none")]
    [InlineData("lint@02", "names a version that is none")]
    [InlineData("lint@2.", "names a version that is none")]
    public void What_names_no_version_is_refused_with_how_to_write_one(string uses, string words) => IsInvalid(Tasks($$"""{"id":"lint","uses":"{{uses}}"}"""), "/tasks/0/uses", words);

    [Theory]
    [InlineData("lint@2", 2, 0, 0, true)]
    [InlineData("lint@2", 2, 11, 4, true)]
    [InlineData("lint@2", 3, 0, 0, false)]
    [InlineData("lint@2.1", 2, 1, 9, true)]
    [InlineData("lint@2.1", 2, 10, 0, false)]
    public void A_use_fits_every_version_below_it(string uses, int major, int minor, int patch, bool fits) =>
        Assert.Equal(fits, TaskUse.Parse(uses).Fits(new TaskVersion(major, minor, patch)));

    [Theory]
    [InlineData("image", "\"busybox\"")]
    [InlineData("command", "[\"x\"]")]
    [InlineData("entrypoint", "[\"x\"]")]
    [InlineData("working_dir", "\"/x\"")]
    [InlineData("user", "\"x\"")]
    [InlineData("always_pull_newest_image", "true")]
    public void What_the_shared_task_brings_does_not_stand_beside_it(string member, string json) =>
        IsInvalid(Tasks($$"""{"id":"lint","uses":"lint@2","{{member}}":{{json}}}"""), $"/tasks/0/{member}", $"'{member}' does not stand beside 'uses'");

    [Fact]
    public void How_it_is_run_stands_beside_it() => Good(Tasks(
        """{"id":"lint","uses":"lint@2","image":"","always_pull_newest_image":false,"variables":{"A":"b"},"retry":{"on":["lost"]},"timeout":"1h","resources":{"cpu":"1"},"matrix":{"x":["1"]},"allow_failure":true,"concurrency":{"key":"k","limit":1}}"""));

    [Fact]
    public void Inputs_without_a_shared_task_are_refused() => IsInvalid(OneTask("""  "with":{"x":1} """), "/tasks/0/with", "the task names none in 'uses'");

    [Theory]
    [InlineData("pipeline_secret{{k}}")]
    [InlineData("run_object{{k}}")]
    [InlineData("param{{p}}")]
    [InlineData("a/param{{p}}/b")]
    [InlineData("a pipeline_secret{{k}}")]
    [InlineData("{{ .Template }}")]
    public void A_value_may_stand_for_another_or_hold_a_parameter(string value) => Good(With($"\"{value}\""));

    [Theory]
    [InlineData("\"param{{q}}\"", "'x' stands for the parameter 'q', which the pipeline does not declare.")]
    [InlineData("\"a/param{{q}}\"", "'x' stands for the parameter 'q', which the pipeline does not declare.")]
    [InlineData("\"matrix{{m}}\"", "only param{{x}} stands inside an input")]
    [InlineData("\"global_secret{{a/b}}\"", "'x' stands for a secret whose key")]
    public void What_stands_for_nothing_is_refused(string value, string words) => IsInvalid(With(value), "/tasks/0/with/x", words);

    [Theory]
    [InlineData("[1]")]
    [InlineData("{}")]
    public void An_input_is_one_value(string value) => IsMalformed(With(value), "/tasks/0/with/x", "'x' must be a string, a number, true or false");

    [Fact]
    public void There_are_a_hundred_inputs_at_most_and_each_is_as_long_as_a_variable()
    {
        string Inputs(int count) => Tasks($$"""{"id":"a","uses":"x@1","with":{{JsonSerializer.Serialize(Enumerable.Range(0, count).ToDictionary(i => $"i{i}", i => i))}}}""");
        Good(Inputs(100));
        IsInvalid(Inputs(101), "/tasks/0/with", "There are 101 inputs; at most 100 are allowed.");
        Good(With($"\"{new string('x', 65536)}\""));
        IsInvalid(With($"\"{new string('x', 65537)}\""), "/tasks/0/with/x", "'x' is 65537 bytes long; at most 65536 are allowed in an input.");
    }

    [Fact]
    public void Another_version_of_it_is_a_change_of_the_document()
    {
        var changes = DocumentDiff.Between(Good(Tasks("""{"id":"a","uses":"x@1","with":{"p":"1"}}""")), Good(Tasks("""{"id":"a","uses":"x@2","with":{"p":1}}""")));
        Assert.Equal([("/tasks/a/uses", "\"x@1\"", "\"x@2\""), ("/tasks/a/with/p", "\"1\"", "1")], changes.Select(c => (c.Pointer, c.From!, c.To!)));
    }

    private static string With(string value) => """{"id":"p","params":[{"name":"p"}],"tasks":[{"id":"a","uses":"x@1","with":{"x":VALUE}}]}""".Replace("VALUE", value, StringComparison.Ordinal);
}
