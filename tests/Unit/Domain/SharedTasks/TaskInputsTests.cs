using System.Text.Json;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;

namespace Gofer.Tests.Unit.Domain.SharedTasks;

/// <summary>What a task writes in <c>with</c> against what the shared task takes.</summary>
public sealed class TaskInputsTests
{
    private static readonly SharedTaskDefinition s_definition = SharedTaskReader.Read(
        JsonSerializer.Deserialize<JsonElement>(
            """
            {"version":"1.0","container":{"image":"x"},"inputs":[
                {"name":"path"},{"name":"depth","type":"int","default":3},{"name":"fast","type":"bool","default":false},{"name":"mode","choices":["a","b"],"default":"a"}]}
            """),
        DocumentLimits.Default).Value;

    [Theory]
    [InlineData("""{"path":"src"}""")]
    [InlineData("""{"path":"src","depth":4,"fast":true,"mode":"b"}""")]
    [InlineData("""{"path":"src","depth":"4","fast":"true"}""")]
    [InlineData("""{"path":"pipeline_secret{{p}}","depth":"run_object{{d}}","mode":"global_secret{{m}}"}""")]
    [InlineData("""{"path":"a/param{{x}}/b","depth":"param{{n}}","mode":" param{{m}} "}""")]
    public void Good_inputs_pass_a_registration(string with) => Assert.Empty(Faults(with, null));

    [Theory]
    [InlineData("{}", "The input 'path' is missing; it has no default and must be a string.")]
    [InlineData("""{"path":3}""", "The input 'path' must be a string, not 3.")]
    [InlineData("""{"path":"src","depth":"x"}""", "The input 'depth' must be a whole number, not \"x\".")]
    [InlineData("""{"path":"src","depth":1.5}""", "The input 'depth' must be a whole number, not 1.5.")]
    [InlineData("""{"path":"src","fast":"yes"}""", "The input 'fast' must be true or false, not \"yes\".")]
    [InlineData("""{"path":"src","mode":"c"}""", "The input 'mode' is 'c'; it must be one of a, b.")]
    [InlineData("""{"path":"src","dept":1}""", "The shared task has no input 'dept'. Did you mean 'depth'?")]
    public void Wrong_ones_are_refused_by_it(string with, string message) => Assert.Equal([message], Faults(with, null).Select(f => f.Message));

    [Fact]
    public void With_the_parameters_of_a_run_what_they_stand_in_is_judged_too()
    {
        const string With = """{"path":"a/param{{x}}","depth":"param{{n}}","mode":"param{{m}}"}""";
        Assert.Empty(Faults(With, new() { ["x"] = "b", ["n"] = "7", ["m"] = "b" }));
        Assert.Equal(
            [("depth", "n", "The input 'depth' must be a whole number, not \"seven\"."), ("mode", "m", "The input 'mode' is 'z'; it must be one of a, b.")],
            Faults(With, new() { ["x"] = "b", ["n"] = "seven", ["m"] = "z" }).Select(f => (f.Input!, f.Parameter!, f.Message)));
    }

    [Fact]
    public void An_input_is_as_long_as_a_variable_at_most_also_with_its_parameters()
    {
        var whole = new string('x', DocumentLimits.Default.VariableBytes);
        Assert.Empty(Faults("""{"path":"param{{x}}"}""", new() { ["x"] = whole }));
        Assert.Equal(
            ["The input 'path' is 65537 bytes long with its parameters; at most 65536 are allowed."],
            Faults("""{"path":"/param{{x}}"}""", new() { ["x"] = whole }).Select(f => f.Message));
    }

    [Fact]
    public void Inputs_come_to_their_normal_form_with_defaults_and_with_what_is_known_only_later()
    {
        var values = TaskInputs.Resolve(s_definition, With("""{"path":"a/param{{x}}/b","depth":"+7","mode":"pipeline_secret{{m}}"}"""), new Dictionary<string, string> { ["x"] = "y" });
        Assert.Equal(("a/y/b", "7", "false"), (values["path"].Text, values["depth"].Text, values["fast"].Text));
        Assert.Equal(("pipeline_secret", "m"), values["mode"].Reference);
    }

    [Theory]
    [InlineData("param{{x}}")]
    [InlineData("param{{x}}{{key}}")]
    public void What_a_parameter_brings_is_never_taken_for_a_secret(string written)
    {
        foreach (var given in new[] { "pipeline_secret{{key}}", "pipeline_secret" })
        {
            var value = TaskInputs.Resolve(s_definition, With($$"""{"path":"{{written}}"}"""), new Dictionary<string, string> { ["x"] = given })["path"];
            Assert.Null(value.Reference);
            Assert.StartsWith("pipeline_secret", value.Text, StringComparison.Ordinal);
        }
    }

    private static IReadOnlyList<InputFault> Faults(string with, Dictionary<string, string>? parameters) => TaskInputs.Check(s_definition, With(with), parameters, DocumentLimits.Default);

    private static Dictionary<string, JsonElement> With(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;
}
