using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;

namespace Gofer.Tests.Unit.Domain.SharedTasks;

/// <summary>Definitions of shared tasks: what is one, and what is wrong with what is none.</summary>
public sealed class SharedTaskReaderTests
{
    private const string Container = """ "container":{"image":"busybox"} """;

    [Fact]
    public void A_container_is_read_with_what_it_takes_and_written_back_the_same()
    {
        const string Text =
            """
            {"container":{"always_pull_newest_image":true,"command":["-c","x"],"entrypoint":["sh"],"image":"lint:2","registry_auth":{"pass":"global_secret{{r}}","user":"u"},
            "resources":{"cpu":"1","memory":"64Mi"},"user":"nobody","variables":{"A":"namespace_secret{{a}}"},"working_dir":"/src"},
            "description":"Lints.","inputs":[{"default":3,"name":"depth","type":"int"},{"choices":["a","b"],"name":"mode"}],"version":"2.1"}
            """;
        var read = Good(Text);
        Assert.Equal((new TaskVersion(2, 1, 0), "lint:2", null), (read.Version, read.Container!.Image, read.Call));
        Assert.Equal(["depth", "mode"], read.Inputs.Select(i => i.Name));
        Assert.Equal(Text.ReplaceLineEndings(""), SharedTaskWriter.Write(read));
        Assert.Equal(SharedTaskWriter.Write(read), SharedTaskWriter.Write(SharedTaskReader.ReadStored(SharedTaskWriter.Write(read))));
    }

    [Fact]
    public void A_call_names_a_host_a_task_and_a_secret()
    {
        var read = Good("""{"version":"2.1.3","call":{"endpoint":"http://lint.internal:7000","task":"lint","token":"namespace_secret{{lint}}"}}""");
        Assert.Equal(new TaskCall("http://lint.internal:7000", "lint", "namespace_secret{{lint}}"), read.Call);
        Assert.Equal("2.1.3", read.Version.ToString());
        Assert.Equal("""{"call":{"endpoint":"http://lint.internal:7000","task":"lint","token":"namespace_secret{{lint}}"},"version":"2.1.3"}""", SharedTaskWriter.Write(read));
    }

    [Theory]
    [InlineData("2.1", "2.1")]
    [InlineData("2.1.0", "2.1")]
    [InlineData("0.0.7", "0.0.7")]
    [InlineData("999999.10.2", "999999.10.2")]
    public void A_version_is_two_or_three_numbers(string text, string shown)
    {
        Assert.True(TaskVersion.TryParse(text, out var version));
        Assert.Equal(shown, version.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("2.1.3.4")]
    [InlineData("2.01")]
    [InlineData("2.-1")]
    [InlineData("2. 1")]
    [InlineData("2.x")]
    [InlineData("2.1000000")]
    [InlineData("v2.1")]
    public void Anything_else_is_no_version(string text)
    {
        Assert.False(TaskVersion.TryParse(text, out _));
        Refused($$"""{"version":"{{text}}",{{Container}}}""", "/version", "must be MAJOR.MINOR or MAJOR.MINOR.PATCH");
    }

    [Fact]
    public void Versions_are_ordered_as_numbers() => Assert.True(new TaskVersion(2, 10, 0) > new TaskVersion(2, 9, 9) && new TaskVersion(2, 9, 9) < new TaskVersion(3, 0, 0));

    [Theory]
    [InlineData("""{"version":"1.0"}""", "/container", "this is neither")]
    [InlineData("""{"version":"1.0","container":{"image":"x"},"call":{"endpoint":"http://x","task":"t"}}""", "/call", "this is both")]
    [InlineData("""{"container":{"image":"x"}}""", "/version", "'version' is missing.")]
    [InlineData("""{"version":"1.0","container":{}}""", "/container/image", "'image' is missing.")]
    [InlineData("""{"version":"1.0","container":{"image":"x","retry":{}}}""", "/container/retry", "There is no member 'retry' here.")]
    [InlineData("""{"version":"1.0","container":{"image":"x","variables":{"A":"param{{a}}"}}}""", "/container/variables/A", "it gets its inputs as variables such as INPUT_A")]
    [InlineData("""{"version":"1.0","container":{"image":"x"},"inputs":[{"name":"a-b"},{"name":"A_b"}]}""", "/inputs", "The inputs 'a-b' and 'A_b' would both be the variable INPUT_A_B.")]
    [InlineData("""{"version":"1.0","container":{"image":"x"},"inputs":[{"name":"a"},{"name":"a"}]}""", "/inputs/1/name", "The input 'a' is declared twice.")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"ftp://x","task":"t"}}""", "/call/endpoint", "must be an absolute address")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://u:p@x","task":"t"}}""", "/call/endpoint", "a host and a port alone")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://x/y","task":"t"}}""", "/call/endpoint", "a host and a port alone")]
    [InlineData("""{"version":"1.0","call":{"task":"t"}}""", "/call/endpoint", "'endpoint' is missing.")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://x"}}""", "/call/task", "'task' is missing.")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://x","task":"t","token":"hunter2"}}""", "/call/token", "must stand for a secret")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://x","task":"t","token":"run_object{{x}}"}}""", "/call/token", "must stand for a secret")]
    [InlineData("""{"version":"1.0","call":{"endpoint":"http://x","task":"t","token":"global_secret{{a/b}}"}}""", "/call/token", "stands for a secret whose key")]
    public void What_is_wrong_is_said_where_it_is(string json, string pointer, string words) => Refused(json, pointer, words);

    [Fact]
    public void It_has_a_hundred_inputs_at_most()
    {
        string With(int inputs) => $$"""{"version":"1.0",{{Container}},"inputs":[{{string.Join(',', Enumerable.Range(0, inputs).Select(i => $$"""{"name":"i{{i}}"}"""))}}]}""";
        Good(With(100));
        Refused(With(101), "/inputs", "There are 101 inputs; at most 100 are allowed.");
    }

    [Fact]
    public void An_endpoint_has_2048_characters_at_most() =>
        Refused($$$"""{"version":"1.0","call":{"endpoint":"http://x{{{new string(' ', 2048)}}}","task":"t"}}""".Replace(' ', '/'), "/call/endpoint", "at most 2048 are allowed");

    [Fact]
    public void A_task_that_uses_a_container_has_its_own_settings_before_those_of_the_definition()
    {
        var definition = Good("""{"version":"1.0","container":{"image":"x","command":["c"],"variables":{"A":"1","B":"2"},"resources":{"cpu":"1","memory":"64Mi"}}}""");
        var task = definition.Apply(new TaskDefinition { Id = "t", Image = "", Uses = "x@1", Variables = new Dictionary<string, string> { ["B"] = "3" }, Resources = new TaskResources { Cpu = "2" } });
        Assert.Equal(("t", "x", "2", "64Mi", "x@1"), (task.Id, task.Image, task.Resources.Cpu, task.Resources.Memory, task.Uses));
        Assert.Equal(new Dictionary<string, string> { ["A"] = "1", ["B"] = "3" }, task.Variables);
    }

    private static SharedTaskDefinition Good(string json)
    {
        var read = Read(json);
        Assert.True(read.IsOk, string.Join("; ", read.Error?.Faults ?? []));
        return read.Value;
    }

    private static void Refused(string json, string pointer, string words)
    {
        var fault = Assert.Single(Read(json).Error!.Faults!);
        Assert.Equal(pointer, fault.Pointer);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    private static Result<SharedTaskDefinition> Read(string json) => SharedTaskReader.Read(JsonSerializer.Deserialize<JsonElement>(json), DocumentLimits.Default);
}
