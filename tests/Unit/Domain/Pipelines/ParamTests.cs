using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>Parameters: how they are declared, and what a run may give for them.</summary>
public sealed class ParamTests
{
    [Fact]
    public void A_name_is_enough_and_makes_a_string_that_every_run_must_give()
    {
        var parameter = Assert.Single(Good(Declaring("""{"name":"x"}""")).Params);
        Assert.Equal(("x", ParamType.String, null, ""), (parameter.Name, parameter.Type, parameter.Default, parameter.Description));
        Assert.Empty(parameter.Choices);
    }

    [Theory]
    [InlineData("string", "\"eu\"", "eu")]
    [InlineData("string", "\"\"", "")]
    [InlineData("int", "-7", "-7")]
    [InlineData("int", "\"007\"", "7")]
    [InlineData("number", "1e3", "1000")]
    [InlineData("number", "\"0.50\"", "0.5")]
    [InlineData("bool", "false", "false")]
    [InlineData("bool", "\"true\"", "true")]
    [InlineData("INT", "1", "1")]
    public void A_default_is_kept_in_one_form_by_type(string type, string json, string kept) =>
        Assert.Equal(kept, Good(Declaring($$"""{"name":"x","type":"{{type}}","default":{{json}}}""")).Params[0].Default);

    [Theory]
    [InlineData("string", "1", "must be a string")]
    [InlineData("string", "true", "must be a string")]
    [InlineData("int", "1.5", "must be a whole number")]
    [InlineData("int", "9223372036854775808", "must be a whole number")]
    [InlineData("int", "\"\"", "must be a whole number")]
    [InlineData("number", "\"NaN\"", "must be a number")]
    [InlineData("number", "1e999", "must be a number")]
    [InlineData("number", "true", "must be a number")]
    [InlineData("bool", "1", "must be true or false")]
    [InlineData("bool", "\"yes\"", "must be true or false")]
    public void A_default_of_another_type_is_refused(string type, string json, string said)
    {
        IsInvalid(Declaring($$"""{"name":"x","type":"{{type}}","default":{{json}}}"""), "/params/0/default", said);
        IsInvalid(Declaring($$"""{"name":"x","type":"{{type}}","choices":[{{json}}]}"""), "/params/0/choices/0", said);
    }

    [Fact]
    public void What_is_wrong_with_a_declaration_is_said_at_its_place()
    {
        IsInvalid(Declaring("""{"type":"int"}"""), "/params/0/name", "missing");
        IsInvalid(Declaring("""{"name":"a b"}"""), "/params/0/name", "The name");
        IsInvalid(Declaring("""{"name":"x","type":"itn"}"""), "/params/0/type", "Did you mean 'int'?");
        IsInvalid(Declaring("""{"name":"x","defualt":1}"""), "/params/0/defualt", "Did you mean 'default'?");
        IsInvalid(Declaring("""{"name":"x"},{"name":"x"}"""), "/params/1/name", "The parameter 'x' is declared twice.");
        IsInvalid(Declaring("""{"name":"x","choices":["a","b"],"default":"c"}"""), "/params/0/default", "The default 'c' is none of the choices: a, b.");
        IsInvalid(Declaring("""{"name":"x","type":"int","choices":[1,"01"]}"""), "/params/0/choices/1", "is there twice");
        IsMalformed(Declaring("""{"name":"x","default":[1]}"""), "/params/0/default", "a string, a number, true or false");
    }

    [Fact]
    public void There_are_at_most_100_with_100_choices_of_64_KiB()
    {
        Assert.Equal(100, Good(Declaring(Many(100))).Params.Count);
        IsInvalid(Declaring(Many(101)), "/params", "There are 101 parameters; at most 100 are allowed.");
        Assert.Equal(100, Good(Declaring(Choosing(100))).Params[0].Choices.Count);
        IsInvalid(Declaring(Choosing(101)), "/params/0/choices", "There are 101 choices; at most 100 are allowed.");
        IsInvalid(Declaring($$"""{"name":"x","default":"{{new string('ä', 32_769)}}"}"""), "/params/0/default", "65538 bytes long; at most 65536");
        IsInvalid(Declaring($$"""{"name":"x","description":"{{new string('x', 3001)}}"}"""), "/params/0/description", "at most 3000");

        static string Many(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"name":"p{{i}}"}"""));
        static string Choosing(int count) => $$"""{"name":"x","type":"int","choices":[{{string.Join(',', Enumerable.Range(0, count))}}]}""";
    }

    [Fact]
    public void A_hundred_thousand_of_them_are_refused_fast()
    {
        var choices = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i}\""));
        var names = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $$"""{"name":"{{i}}"}"""));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        IsInvalid(Declaring($$"""{"name":"x","choices":[{{choices}}]}"""), "/params/0/choices", "There are 100000 choices");
        IsInvalid(Declaring(names), "/params", "There are 50000 parameters");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void A_variable_and_a_login_may_be_a_declared_one_as_a_whole()
    {
        var task = Good(Declaring("""{"name":"x"}""", """ "variables":{"A":"param{{x}}","B":" Param{{ x }}","C":"the param{{y}}"},"registry_auth":{"user":"param{{x}}","pass":"global_secret{{p}}"} """)).Tasks[0];
        Assert.Equal(("param{{x}}", "param{{x}}"), (task.Variables["A"], task.RegistryAuth!.User));
        IsInvalid(Declaring("""{"name":"region"}""", """ "variables":{"A":"param{{regoin}}"} """), "/tasks/0/variables/A", "stands for the parameter 'regoin', which the pipeline does not declare. Did you mean 'region'?");
        IsInvalid(Declaring("""{"name":"x"}""", """ "registry_auth":{"user":"param{{y}}","pass":"global_secret{{p}}"} """), "/tasks/0/registry_auth/user", "does not declare");
    }

    [Fact]
    public void A_run_gets_what_it_gives_and_defaults_for_the_rest()
    {
        var declared = Good(Declaring("""{"name":"a","type":"int"},{"name":"b","default":"eu","choices":["eu","us"]},{"name":"c","type":"bool","default":true}""")).Params;
        Assert.Equal(["a=3", "b=eu", "c=true"], Given(declared, """{"a":"3"}""").Value.Select(p => $"{p.Key}={p.Value}"));
        Assert.Equal(["a=3", "b=us", "c=false"], Given(declared, """{"a":3,"b":"us","c":"false"}""").Value.Select(p => $"{p.Key}={p.Value}"));
        Assert.Equal(["a=3", "b=eu", "c=true"], Given(declared, """{"a":3,"b":null}""").Value.Select(p => $"{p.Key}={p.Value}"));
    }

    [Fact]
    public void Everything_that_is_wrong_with_what_a_run_gives_is_said_at_once()
    {
        var declared = Good(Declaring("""{"name":"needed","type":"int"},{"name":"region","choices":["eu","us"]},{"name":"flag","type":"bool","default":false}""")).Params;
        var faults = Given(declared, $$"""{"region":"mars","flag":3,"regoin":"eu","x":"{{new string('x', 10)}}"}""").Error!.Faults!;
        Assert.Equal(["/runs/3/params/needed", "/runs/3/params/region", "/runs/3/params/flag", "/runs/3/params/regoin", "/runs/3/params/x"], faults.Select(f => f.Pointer));
        Assert.Contains("must be a whole number", faults[0].Message, StringComparison.Ordinal);
        Assert.Contains("it must be one of eu, us", faults[1].Message, StringComparison.Ordinal);
        Assert.Contains("must be true or false, not 3", faults[2].Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'region'?", faults[3].Message, StringComparison.Ordinal);
        var text = Good(Declaring("""{"name":"x"}""")).Params;
        Assert.Contains("65537 bytes long", Given(text, $$"""{"x":"{{new string('x', 65_537)}}"}""").Error!.Faults![0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ParamType.String, "a \"b\"")]
    [InlineData(ParamType.Int, "-9223372036854775808")]
    [InlineData(ParamType.Number, "1E+20")]
    [InlineData(ParamType.Bool, "true")]
    public void A_value_as_JSON_reads_back_as_itself(ParamType type, string value)
    {
        using var json = JsonDocument.Parse(ParamDefinition.Json(type, value));
        Assert.Equal(value, ParamDefinition.Read(type, json.RootElement, out _));
    }

    private static Result<Dictionary<string, string>> Given(IReadOnlyList<ParamDefinition> declared, string json)
    {
        using var document = JsonDocument.Parse(json);
        var given = document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.Clone());
        return ParamValues.Resolve(declared, given, DocumentLimits.Default, "/runs/3/params");
    }

    private static string Declaring(string parameters, string task = "") =>
        $$"""{"id":"p","params":[{{parameters}}],"tasks":[{"id":"a","image":"b"{{(task.Length > 0 ? "," + task : "")}}}]}""";
}
