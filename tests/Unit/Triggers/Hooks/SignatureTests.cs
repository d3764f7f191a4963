using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;
using static Gofer.Tests.Unit.Triggers.Hooks.HookParts;

namespace Gofer.Tests.Unit.Triggers.Hooks;

public sealed class SignatureTests
{
    private const string Secret = "\"secret\":\"pipeline_secret{{hook}}\"";

    private static readonly DateTimeOffset s_now = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] s_key = "a key"u8.ToArray();
    private static readonly SignatureRule s_gofer = Rule("");
    private static readonly Gen<byte[]> s_bytes = Gen.Byte.Array[0, 40];

    [Fact]
    public void What_was_signed_is_accepted_by_any_of_the_keys() => Gen.Select(s_bytes, s_bytes, s_bytes).Sample((key, other, body) =>
    {
        var content = Event(body, ("gofer-signature", GoferSignature.Of(key, s_now, body)));
        var (one, two) = (s_gofer.Verify(content, [key], s_now), s_gofer.Verify(content, [other, key], s_now));
        return one.Refusal is null && one.Fault is null && one.ReplayKey is { Length: 64 } && one == two;
    });

    [Fact]
    public void A_change_of_body_time_or_signature_is_refused() => Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[0, 1000], Gen.Int[1, 255]).Sample((body, at, change) =>
    {
        var header = GoferSignature.Of(s_key, s_now, body);
        var changed = body.ToArray();
        changed[at % body.Length] ^= (byte)change;
        var digit = header.Length - 1 - (at % 64);
        var forged = header[..digit] + (header[digit] == '0' ? '1' : '0') + header[(digit + 1)..];
        var later = GoferSignature.Of(s_key, s_now.AddSeconds(1), body)[..12] + header[12..];
        return Fault(changed, header) == "wrong" && Fault(body, forged) == "wrong" && Fault(body, later) == "wrong" && Fault(body, header) is null;

        static string? Fault(byte[] body, string header) => s_gofer.Verify(Event(body, ("Gofer-Signature", header)), [s_key], s_now).Fault;
    });

    [Fact]
    public void Nothing_throws_and_every_refusal_is_a_sentence_without_the_key()
    {
        SignatureRule[] rules = [s_gofer, Rule(",\"scheme\":\"github\""), Rule(",\"scheme\":\"hmac\",\"header\":\"X-S\",\"encoding\":\"base64\",\"algorithm\":\"sha512\",\"timestamp_header\":\"X-T\"")];
        Gen.Select(Gen.String[Gen.Char["t=v1,sha256=0af9Zé\0 -"], 0, 90], s_bytes, Gen.Int[0, 2]).Sample((header, body, which) =>
        {
            var content = Event(body, ("Gofer-Signature", header), ("X-Hub-Signature-256", header), ("X-S", header), ("X-T", header));
            var verdict = rules[which].Verify(content, [s_key], s_now);
            return verdict.Fault is not null && verdict.ReplayKey is null && verdict.Refusal!.EndsWith('.') && !verdict.Refusal.Contains("a key", StringComparison.Ordinal);
        });
        Assert.Equal("wrong", s_gofer.Verify(Event("x", ("Gofer-Signature", GoferSignature.Of(s_key, s_now, "x"u8))), [], s_now).Fault);
    }

    [Theory]
    [InlineData(-300, null)]
    [InlineData(-301, "too_old")]
    [InlineData(300, null)]
    [InlineData(301, "in_future")]
    public void A_signature_holds_for_the_tolerance_on_both_sides_of_now(int seconds, string? fault) =>
        Assert.Equal(fault, s_gofer.Verify(Event("{}", ("Gofer-Signature", GoferSignature.Of(s_key, s_now.AddSeconds(seconds), "{}"u8))), [s_key], s_now).Fault);

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "missing")]
    [InlineData("t=1", "malformed")]
    [InlineData("v1=00", "malformed")]
    [InlineData("t=-1,v1=0000000000000000000000000000000000000000000000000000000000000000", "malformed")]
    [InlineData("t=99999999999999999999,v1=0000000000000000000000000000000000000000000000000000000000000000", "malformed")]
    public void A_header_that_is_none_is_told_so(string? header, string fault) =>
        Assert.Equal(fault, s_gofer.Verify(header is null ? Event("{}") : Event("{}", ("Gofer-Signature", header)), [s_key], s_now).Fault);

    [Fact]
    public void The_same_message_signed_with_the_old_and_the_new_key_is_one_message()
    {
        var (old, @new) = (GoferSignature.Of("old"u8, s_now, "{}"u8), GoferSignature.Of("new"u8, s_now, "{}"u8));
        var both = Event("{}", ("Gofer-Signature", $"{old}, {@new[13..]}"));
        var before = s_gofer.Verify(both, ["old"u8.ToArray()], s_now);
        var after = s_gofer.Verify(both, ["new"u8.ToArray()], s_now);
        Assert.Null(before.Refusal);
        Assert.Equal(before, after);
        Assert.NotEqual(before.ReplayKey, s_gofer.Verify(Event("{ }", ("Gofer-Signature", GoferSignature.Of("old"u8, s_now, "{ }"u8))), ["old"u8.ToArray()], s_now).ReplayKey);
    }

    [Fact]
    public void What_GitHub_publishes_as_an_example_is_accepted()
    {
        var content = Event("Hello, World!", ("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"));
        var verdict = Rule(",\"scheme\":\"github\"").Verify(content, [Encoding.UTF8.GetBytes("It's a Secret to Everybody")], s_now);
        Assert.Equal(new SignatureVerdict(null, null), verdict);
    }

    [Fact]
    public void A_free_scheme_is_as_it_is_written()
    {
        var rule = Rule(",\"scheme\":\"hmac\",\"header\":\"X-S\",\"algorithm\":\"sha512\",\"encoding\":\"base64\",\"prefix\":\"v0:\",\"timestamp_header\":\"X-T\",\"tolerance\":\"10s\"");
        var time = s_now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var mac = Convert.ToBase64String(HMACSHA512.HashData(s_key, Encoding.UTF8.GetBytes($"{time}.body")));
        var content = Event("body", ("x-s", "v0:" + mac), ("x-t", time));
        Assert.Null(rule.Verify(content, [s_key], s_now).Refusal);
        Assert.Equal("too_old", rule.Verify(content, [s_key], s_now.AddSeconds(11)).Fault);
        Assert.Equal("missing", rule.Verify(Event("body", ("X-S", "v0:" + mac)), [s_key], s_now).Fault);
        Assert.Equal("malformed", rule.Verify(Event("body", ("X-S", mac), ("X-T", time)), [s_key], s_now).Fault);
    }

    [Theory]
    [InlineData("{}", "/x/secret", "missing")]
    [InlineData("{\"secret\":\"hunter2\"}", "/x/secret", "a key itself does not stand in a trigger")]
    [InlineData("{\"secret\":\"param{{a}}\"}", "/x/secret", "must name a secret")]
    [InlineData("{" + Secret + ",\"scheme\":\"hmac\"}", "/x/header", "missing")]
    [InlineData("{" + Secret + ",\"scheme\":\"hmac\",\"header\":\"a b\"}", "/x/header", "the name of a header")]
    [InlineData("{" + Secret + ",\"scheme\":\"hmac\",\"header\":\"A\",\"algorithm\":\"SHA1\"}", "/x/algorithm", "broken")]
    [InlineData("{" + Secret + ",\"scheme\":\"hmac\",\"header\":\"A\",\"tolerance\":\"1m\"}", "/x/tolerance", "timestamp_header")]
    [InlineData("{" + Secret + ",\"scheme\":\"github\",\"tolerance\":\"1m\"}", "/x/tolerance", "no member")]
    [InlineData("{" + Secret + ",\"tolerance\":\"2h\"}", "/x/tolerance", "from 1s to 1h")]
    [InlineData("{" + Secret + ",\"scheme\":\"githib\"}", "/x/scheme", "Did you mean 'github'?")]
    public void What_is_wrong_is_said_where_it_is(string json, string pointer, string why)
    {
        var said = Wrong(SignatureRule.Read, json);
        Assert.Contains(pointer + ": ", said, StringComparison.Ordinal);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guide_names_the_headers_of_the_schemes_as_they_are()
    {
        foreach (var row in Table("docs/guides/webhooks.md", "## Signatures"))
        {
            var (scheme, header) = (Codes(row[0])[0], Codes(row[1])[0].Split(':')[0]);
            var rule = scheme == "hmac" ? Rule($",\"scheme\":\"hmac\",\"header\":\"{header}\"") : Rule($",\"scheme\":\"{scheme}\"");
            Assert.Contains($"no {header} header", rule.Verify(Event("{}"), [s_key], s_now).Refusal, StringComparison.Ordinal);
        }
    }

    private static SignatureRule Rule(string more) => Good(SignatureRule.Read, $"{{{Secret}{more}}}")!;
}
