using System.Text;
using Gofer.Application.Extensions;
using Gofer.Extensions.V1;
using Gofer.Infrastructure.Extensions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Gofer.Tests.Unit.Extensions;

/// <summary>What an answer of an extension may be, to the last character, and what is said of one that is more.</summary>
public sealed class ExtensionRulesTests
{
    private static readonly Dictionary<string, (Action<DescribeResponse> Spoil, string Said)> s_describe = new()
    {
        ["no name"] = (d => d.Name = "", "its name must be 1 to 63 characters"),
        ["a long name"] = (d => d.Name = new string('n', 64), "its name must be 1 to 63 characters"),
        ["a name of two lines"] = (d => d.Name = "a\nb", "its name must be"),
        ["a long version"] = (d => d.Version = new string('1', 64), "its version must be at most 63"),
        ["a terminal's command in the version"] = (d => d.Version = "\u001b[2J", "its version must be"),
        ["a long documentation"] = (d => d.Documentation = new string('ä', 32_769), "at most 65536 bytes"),
        ["NUL in the documentation"] = (d => d.Documentation = "a\0", "its documentation must be text"),
        ["many params"] = (d => d.Params.Add(Enumerable.Range(0, 100).Select(i => new Parameter { Name = $"p{i}" })), "there are 101 params; at most 100"),
        ["many settings"] = (d => d.Settings.Add(Enumerable.Range(0, 101).Select(i => new Parameter { Name = $"p{i}" })), "there are 101 settings; at most 100"),
        ["no parameter's name"] = (d => d.Params.Add(new Parameter()), "a name in params is none"),
        ["a digit first"] = (d => d.Params.Add(new Parameter { Name = "1st" }), "a name in params is none"),
        ["a capital"] = (d => d.Params.Add(new Parameter { Name = "eVery" }), "a name in params is none"),
        ["a long parameter's name"] = (d => d.Settings.Add(new Parameter { Name = new string('p', 64) }), "a name in settings is none"),
        ["two of one name"] = (d => d.Params.Add(new Parameter { Name = "every" }), "'every' stands twice in params"),
        ["a long sentence"] = (d => d.Params[0].Documentation = new string('d', 1001), "the documentation of 'every' must be at most 1000"),
        ["a long default"] = (d => (d.Params[0].Type, d.Params[0].Default) = (ParameterType.String, new string('d', 1025)), "the default of 'every' must be at most 1024"),
        ["a default of another type"] = (d => d.Params[0].Default = "often", "the default of 'every' is not of its type"),
        ["a default beyond 64 bits"] = (d => d.Params[0].Default = "9223372036854775808", "the default of 'every' is not of its type"),
    };

    private static readonly Dictionary<string, (Action<Event> Spoil, string Said, string Rule)> s_events = new()
    {
        ["no subscription"] = (e => e.SubscriptionId = "", "no id of Gofer's", "watch"),
        ["a subscription that is a path"] = (e => e.SubscriptionId = "../a", "no id of Gofer's", "watch"),
        ["a long subscription"] = (e => e.SubscriptionId = new string('a', 64), "no id of Gofer's", "watch"),
        ["no id"] = (e => e.Id = "", "the id of an event must be 1 to 255", "watch"),
        ["a long id"] = (e => e.Id = new string('e', 256), "the id of an event must be 1 to 255", "watch"),
        ["a space in the id"] = (e => e.Id = "a b", "the id of an event must be", "watch"),
        ["an id of other letters"] = (e => e.Id = "ä", "the id of an event must be", "watch"),
        ["a long cursor"] = (e => e.Cursor = new string('c', 1025), "the cursor of event 'e1' must be at most 1024", "watch"),
        ["a line end in the cursor"] = (e => e.Cursor = "c\n", "the cursor of event 'e1' must be", "watch"),
        ["large data"] = (e => e.Data = Data($"\"{new string('d', 1 << 20)}\""), "has 1048584 bytes; at most 1048576", "size"),
        ["an array"] = (e => e.Data = ByteString.CopyFromUtf8("[]"), "is no JSON object", "watch"),
        ["no JSON"] = (e => e.Data = ByteString.CopyFromUtf8("{"), "is no JSON, or deeper than 64 levels", "watch"),
        ["deep data"] = (e => e.Data = Data(new string('[', 64) + new string(']', 64)), "is no JSON, or deeper than 64 levels", "watch"),
        ["NUL in the data"] = (e => e.Data = Data("\"\\u0000\""), "holds text that is none", "watch"),
        ["half a pair in the data"] = (e => e.Data = Data("\"\\ud800\""), "holds text that is none", "watch"),
        ["a member twice"] = (e => e.Data = Data("1,\"d\":2"), "or a member twice", "watch"),
        ["a time after all"] = (e => e.Time = new Timestamp { Seconds = long.MaxValue }, "the time of event 'e1' is none", "watch"),
    };

    public static TheoryData<string> Descriptions => [.. s_describe.Keys];

    public static TheoryData<string> Events => [.. s_events.Keys];

    [Fact]
    public void What_is_as_large_as_it_may_be_passes()
    {
        var said = Good();
        (said.Name, said.Version, said.Documentation) = (new string('ä', 63), new string('1', 63), new string('ä', 32_767) + "\r\n");
        said.Params.Add(Enumerable.Range(0, 99).Select(i => new Parameter { Name = $"p{i}".PadRight(63, '_'), Documentation = new string('d', 1000), Default = new string('d', 1024) }));
        ExtensionRules.Check(said);

        var sent = Sent();
        (sent.SubscriptionId, sent.Id, sent.Cursor) = (new string('a', 63), new string('~', 255), new string('!', 1024));
        sent.Data = Data($"\"{new string('d', (1 << 20) - 8)}\"");
        Assert.Equal(1 << 20, sent.Data.Length);
        Assert.Same(sent, ExtensionRules.Check(new WatchResponse { Event = sent }));
        Assert.NotNull(ExtensionRules.Check(new WatchResponse { Event = new Event { SubscriptionId = "a", Id = "e" } }));
        ExtensionRules.Check("validate", new ValidateResponse { Problems = { Enumerable.Repeat(new Problem { Param = "every", Message = new string('m', 1000) }, 100) } }.Problems);
    }

    [Theory]
    [MemberData(nameof(Descriptions))]
    public void A_description_that_cannot_be_is_refused_by_its_rule(string spoilt)
    {
        var said = Good();
        s_describe[spoilt].Spoil(said);
        Broken("describe", s_describe[spoilt].Said, () => ExtensionRules.Check(said));
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_that_cannot_be_is_refused_by_its_rule(string spoilt)
    {
        var sent = Sent();
        s_events[spoilt].Spoil(sent);
        Broken(s_events[spoilt].Rule, s_events[spoilt].Said, () => ExtensionRules.Check(new WatchResponse { Event = sent }));
    }

    [Fact]
    public void A_message_without_an_event_is_refused() => Broken("watch", "a message has no event", () => ExtensionRules.Check(new WatchResponse()));

    [Theory]
    [InlineData("", "", 1, "the message of a problem must be 1 to 1000")]
    [InlineData("", "two\nlines", 1, "the message of a problem must be")]
    [InlineData("no name", "It is wrong.", 1, "whose name is none")]
    [InlineData("every", "It is wrong.", 101, "there are 101 problems; at most 100")]
    public void Problems_that_cannot_be_are_refused_by_the_rule_of_the_call(string param, string message, int times, string said)
    {
        var problems = new SubscribeResponse { Problems = { Enumerable.Repeat(new Problem { Param = param, Message = message }, times) } }.Problems;
        Broken("subscribe", said, () => ExtensionRules.Check("subscribe", problems));
        Broken("validate", said, () => ExtensionRules.Check("validate", problems));
    }

    [Theory]
    [InlineData(nameof(ParameterType.Int), "-9223372036854775808", true)]
    [InlineData(nameof(ParameterType.Int), "1.0", false)]
    [InlineData(nameof(ParameterType.Number), "1e3", true)]
    [InlineData(nameof(ParameterType.Number), "NaN", false)]
    [InlineData(nameof(ParameterType.Bool), "true", true)]
    [InlineData(nameof(ParameterType.Bool), "True", false)]
    [InlineData(nameof(ParameterType.String), "anything", true)]
    [InlineData(nameof(ParameterType.Unspecified), "anything", true)]
    [InlineData("99", "anything", true)]
    public void A_value_is_of_a_type_or_not(string type, string value, bool isOf) => Assert.Equal(isOf, ExtensionRules.IsOf(System.Enum.Parse<ParameterType>(type), value));

    private static void Broken(string rule, string said, Action check)
    {
        var broken = Assert.Throws<ExtensionProtocolException>(check);
        Assert.Equal(rule, broken.Rule);
        Assert.Contains(said, broken.What, StringComparison.Ordinal);
        Assert.StartsWith($"The extension breaks the rule [{rule}] of proto/gofer/extension/v1: ", broken.Message, StringComparison.Ordinal);
    }

    private static ByteString Data(string value) => ByteString.CopyFrom(Encoding.UTF8.GetBytes($"{{\"d\":{value}}}"));

    private static DescribeResponse Good() => new()
    {
        Name = "ticker",
        Version = "1.0.0",
        Documentation = "# Ticks\n\n\tOften.",
        Params = { new Parameter { Name = "every", Type = ParameterType.Int, Required = true } },
    };

    private static Event Sent() => new() { SubscriptionId = "a-1", Id = "e1", Cursor = "1", Data = Data("1"), Time = new Timestamp { Seconds = 1_700_000_000 } };
}
