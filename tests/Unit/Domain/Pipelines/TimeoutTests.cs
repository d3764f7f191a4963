using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>Timeouts and priorities, of pipelines and tasks.</summary>
public sealed class TimeoutTests
{
    [Theory]
    [InlineData("100ms", 0.1)]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("30d", 2_592_000)]
    public void One_is_a_duration_from_100ms_to_30d(string text, double seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Good(Pipeline($"\"timeout\":\"{text}\"")).Timeout);
        Assert.Equal(TimeSpan.FromSeconds(seconds), GoodTask($"\"timeout\":\"{text}\"").Timeout);
    }

    [Theory]
    [InlineData("99ms", "must be from 100ms to 30d")]
    [InlineData("0s", "must be from 100ms to 30d")]
    [InlineData("31d", "must be from 100ms to 30d")]
    [InlineData("30", "it must be a duration such as 90s or 1h30m")]
    [InlineData("-1s", "it must be a duration such as 90s or 1h30m")]
    [InlineData("999999999d", "a duration")]
    public void Another_is_refused(string text, string said)
    {
        IsInvalid(Pipeline($"\"timeout\":\"{text}\""), "/timeout", said.StartsWith("a dur", StringComparison.Ordinal) ? "timeout" : said);
        IsInvalid(OneTask($"\"timeout\":\"{text}\""), "/tasks/0/timeout", said.StartsWith("a dur", StringComparison.Ordinal) ? "timeout" : said);
    }

    [Fact]
    public void Without_one_nothing_is_stopped()
    {
        var document = Good(Pipeline("\"description\":\"\""));
        Assert.Null(document.Timeout);
        Assert.Null(document.Tasks[0].Timeout);
    }

    [Fact]
    public void A_priority_goes_from_minus_100_to_100()
    {
        foreach (var priority in new[] { -100, 0, 100 }) Assert.Equal(priority, Good(Pipeline($"\"priority\":{priority}")).Priority);
        foreach (var wrong in new[] { "-101", "101" }) IsInvalid(Pipeline($"\"priority\":{wrong}"), "/priority", "'priority' must be from -100 to 100.");
        IsMalformed(Pipeline("\"priority\":\"high\""), "/priority", "a whole number");
    }

    [Theory]
    [InlineData("queue", LimitPolicy.Queue)]
    [InlineData("CANCEL_OLDEST", LimitPolicy.CancelOldest)]
    [InlineData("skip", LimitPolicy.Skip)]
    public void What_happens_at_the_limit_is_one_of_three(string text, LimitPolicy policy) => Assert.Equal(policy, Good(Pipeline($"\"on_limit\":\"{text}\"")).OnLimit);

    [Fact]
    public void A_document_with_every_member_reads_back_from_its_normal_form()
    {
        var document = Good("""
            {"id":"p","parallelism":3,"on_limit":"skip","timeout":"2h","priority":-3,
             "params":[{"name":"region","default":"eu","choices":["eu","us"],"description":"Where."},{"name":"n","type":"number","default":0.5}],
             "tasks":[{"id":"a","image":"i","timeout":"10m","retry":{"max_attempts":4,"on":["oom","exit_code"],"exit_codes":[75]},
                       "concurrency":{"key":"db-param{{region}}","limit":2},"matrix":{"b":["1"],"a":["x","y"]}}]}
            """);
        var text = DocumentWriter.Write(document);
        Assert.Equal(text, DocumentWriter.Write(DocumentReader.ReadStored(text)));
        Assert.Equal(
            """{"id":"p","on_limit":"skip","parallelism":3,"params":[{"choices":["eu","us"],"default":"eu","description":"Where.","name":"region"},{"default":0.5,"name":"n","type":"number"}],"priority":-3,"tasks":[{"concurrency":{"key":"db-param{{region}}","limit":2},"id":"a","image":"i","matrix":{"a":["x","y"],"b":["1"]},"retry":{"exit_codes":[75],"factor":2,"initial_delay":"1s","max_attempts":4,"max_delay":"5m","on":["exit_code","oom"]},"timeout":"10m"}],"timeout":"2h"}""",
            text);
    }

    private static string Pipeline(string members) => $$"""{"id":"p",{{members}},"tasks":[{"id":"a","image":"b"}]}""";
}
