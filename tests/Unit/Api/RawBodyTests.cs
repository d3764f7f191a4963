using System.Text;
using System.Text.Json;
using CsCheck;
using Gofer.Api.Http;

namespace Gofer.Tests.Unit.Api;

/// <summary>What is said of a body that is no JSON.</summary>
public sealed class RawBodyTests
{
    [Theory]
    [InlineData("f5ecret' is x", "line 1, byte 2: what stands there is an invalid JSON literal. Expected the literal 'false'.")]
    [InlineData("t5ecret", "line 1, byte 2: what stands there is an invalid JSON literal. Expected the literal 'true'.")]
    [InlineData("5ecret", ".")]
    [InlineData("{\"a\":\n nul5ecret}", "line 2, byte 5: what stands there is an invalid JSON literal. Expected the literal 'null'.")]
    [InlineData("ecret", "line 1, byte 1: what stands there is an invalid start of a value.")]
    public void The_place_and_the_reason_are_named_and_nothing_of_it_is_quoted(string body, string words)
    {
        var said = Said(Encoding.UTF8.GetBytes(body))!;
        Assert.EndsWith(words, said, StringComparison.Ordinal);
        Assert.DoesNotContain("ecret", said, StringComparison.Ordinal);
    }

    [Fact]
    public void No_body_comes_back_whatever_it_is() => Gen.Select(Gen.OneOf(Gen.Const(""), Gen.Const("f"), Gen.Const("tr"), Gen.Const("nul"), Gen.Const("{\"a\":"), Gen.Const("\""), Gen.Const("[1,"), Gen.Const("-")), Gen.String[Gen.Char["' is\"\\{}[]:,.eé\n\0"], 0, 12]).Sample(
        (begin, end) => Said(Encoding.UTF8.GetBytes($"{begin}QXZJ{end}"))?.Contains("QXZ", StringComparison.Ordinal) != true, iter: 3000);

    private static string? Said(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return null;
        }
        catch (JsonException e)
        {
            return RawBody.Unparsed(body, e).Message;
        }
    }
}
