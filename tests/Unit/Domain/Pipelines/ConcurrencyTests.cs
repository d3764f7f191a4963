using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>Concurrency keys, and what may stand inside a text.</summary>
public sealed class ConcurrencyTests
{
    private static readonly Dictionary<string, string> s_params = new() { ["region"] = "eu", ["x"] = "1" };

    [Theory]
    [InlineData("db", "db")]
    [InlineData("db-param{{region}}", "db-eu")]
    [InlineData("PARAM{{ region }}/param{{x}}", "eu/1")]
    [InlineData("param{{region}}param{{x}}param{{region}}", "eu1eu")]
    [InlineData("aparam{{x}}b", "a1b")]
    [InlineData("db-matrix{{shard}}-param{{x}}", "db-7-1")]
    public void Parameters_and_matrix_values_stand_inside_the_text(string key, string made)
    {
        var rule = Rule($$"""{"key":"{{key}}","limit":2}""");
        Assert.Equal((key, 2), (rule.Key, rule.Limit));
        Assert.Equal(made, rule.KeyOf(s_params, new Dictionary<string, string> { ["shard"] = "7" }));
    }

    [Theory]
    [InlineData("a{{", new[] { "a{{" })]
    [InlineData("param{{x", new[] { "param{{x" })]
    [InlineData("param{{a{b}}", new[] { "param{{a{b}}" })]
    [InlineData("{{param{{x}}", new[] { "{{", "param:x" })]
    [InlineData("", new string[0])]
    public void Text_is_cut_into_what_stands_and_what_is_stood_for(string text, string[] parts) =>
        Assert.Equal(parts, Interpolation.Split(text).Select(p => p.Kind is null ? p.Text : $"{p.Kind}:{p.Text}"));

    [Theory]
    [InlineData("""{"key":"k"}""", "limit", "'limit' is missing")]
    [InlineData("""{"limit":1}""", "key", "'key' is missing")]
    [InlineData("""{"key":"","limit":1}""", "key", "must not be empty")]
    [InlineData("""{"key":"k","limit":0}""", "limit", "must be from 1 to 10000")]
    [InlineData("""{"key":"k","limit":10001}""", "limit", "must be from 1 to 10000")]
    [InlineData("""{"key":"param{{regoin}}","limit":1}""", "key", "the parameter 'regoin', which is not declared. Did you mean 'region'?")]
    [InlineData("""{"key":"matrix{{shrad}}","limit":1}""", "key", "the member of the matrix 'shrad', which is not declared. Did you mean 'shard'?")]
    [InlineData("""{"key":"pipeline_secret{{x}}","limit":1}""", "key", "stands for nothing: param{{x}} and matrix{{x}} do here")]
    [InlineData("""{"key":"{{param.x}}","limit":1}""", "key", "stands for nothing")]
    [InlineData("""{"key":"k","limit":1,"scope":"x"}""", "scope", "There is no member")]
    public void A_rule_that_cannot_be_is_refused(string json, string pointer, string said) => IsInvalid(With(json), $"/tasks/0/concurrency/{pointer}", said);

    [Fact]
    public void A_key_has_at_most_255_characters_as_written_and_as_made()
    {
        var key = new string('k', 255);
        Assert.Equal(key, Rule($$"""{"key":"{{key}}","limit":1}""").Key);
        IsInvalid(With($$"""{"key":"{{key}}k","limit":1}"""), "/tasks/0/concurrency/key", "256 characters long; at most 255");

        var rule = Rule("""{"key":"param{{x}}","limit":1}""");
        var (a, b) = (Made(new string('v', 300)), Made(new string('v', 299) + "w"));
        Assert.Equal((255, 255), (a.Length, b.Length));
        Assert.NotEqual(a, b); // only what was the same is the same
        Assert.Equal(a, Made(new string('v', 300)));
        for (var pad = 0; pad < 2; pad++) _ = new System.Text.UTF8Encoding(false, true).GetBytes(Made(new string('v', pad) + string.Concat(Enumerable.Repeat("😀", 200))));

        string Made(string value) => rule.KeyOf(new Dictionary<string, string> { ["x"] = value }, null);
    }

    private static ConcurrencyRule Rule(string json) => Good(With(json)).Tasks[0].Concurrency!;

    private static string With(string json) =>
        $$"""{"id":"p","params":[{"name":"region"},{"name":"x"}],"tasks":[{"id":"a","image":"b","matrix":{"shard":["7"]},"concurrency":{{json}}}]}""";
}
