using System.Text;
using System.Text.Json;
using CsCheck;
using Gofer.Domain.Secrets;

namespace Gofer.Tests.Unit.Domain.Secrets;

public sealed class MaskerTests
{
    private static readonly Gen<string> s_secret = Gen.OneOf(
        Gen.String[Gen.Char["ab\"\\/<+ \nä😀"[..9]], 6, 12],
        Gen.String[Gen.Char['!', '~'], 6, 40],
        Gen.String[Gen.Char["ab"], 6, 9]);

    private static readonly Gen<string> s_text = Gen.String[Gen.Char["ab .\n\"xyz"], 0, 30];

    [Theory]
    [InlineData("as it is", "say correct horse battery now", "say *** now")]
    [InlineData("twice in a row", "correct horse batterycorrect horse battery", "******")]
    [InlineData("in base64", "aGVsbG8 Y29ycmVjdCBob3JzZSBiYXR0ZXJ5", "aGVsbG8 ***")]
    [InlineData("for a URL", "?q=correct%20horse%20battery&x=correct+horse+battery", "?q=***&x=***")]
    [InlineData("only a beginning", "correct horse batter", "correct horse batter")]
    public void A_secret_is_masked(string how, string written, string shown) =>
        Assert.True(shown == MaskSet.Of(["correct horse battery"]).Mask(written), $"{how}: {MaskSet.Of(["correct horse battery"]).Mask(written)}");

    [Fact]
    public void A_secret_is_masked_at_each_of_the_three_places_that_it_may_have_in_base64()
    {
        const string secret = "s3cr3t-väl/ue+?";
        var masks = MaskSet.Of([secret]);
        foreach (var before in new[] { "", "a", "ab", "abc" })
        {
            foreach (var after in new[] { "", "x", "xy", "xyz" })
            {
                var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(before + secret + after));
                foreach (var written in new[] { text, text.Replace('+', '-').Replace('/', '_') })
                {
                    // What is left are the characters that the neighbours have a part in.
                    var own = ((before.Length + Encoding.UTF8.GetByteCount(secret)) * 8 / 6) - (((before.Length * 8) + 5) / 6);
                    Assert.Equal(written.Length - own + 3, masks.Mask(written).Length);
                }
            }
        }
    }

    [Fact]
    public void A_secret_of_several_lines_is_masked_line_by_line_and_whole_in_base64_of_any_column()
    {
        var secret = string.Join('\n', Enumerable.Range(0, 6).Select(i => $"line {i} of a key that is quite long, {i * i * 7919}"));
        var masks = MaskSet.Of([secret]);
        Assert.Equal("| *** |", masks.Mask($"| {secret.Split('\n')[3]} |"));
        Assert.Equal("{\"key\":\"***\"}", masks.Mask(JsonSerializer.Serialize(new { key = secret }, s_plain)));
        foreach (var column in new[] { 64, 76 })
        {
            var wrapped = string.Join('\n', Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).Chunk(column).Select(c => new string(c)));
            Assert.DoesNotMatch("[A-Za-z0-9+/]{6}", masks.Mask(wrapped));
        }
    }

    [Fact]
    public void What_libraries_make_of_a_secret_for_JSON_and_for_a_URL_is_masked()
    {
        Gen.Select(s_secret, s_text, s_text).Sample((secret, before, after) =>
        {
            if (secret.Split('\n').Any(line => line.Length < secret.Length)) return;
            var masks = MaskSet.Of([secret]);
            foreach (var options in new[] { JsonSerializerOptions.Default, s_plain })
            {
                Masked(masks, JsonSerializer.Serialize(before + " " + secret + " " + after, options), JsonSerializer.Serialize(secret, options)[1..^1]);
            }

            Masked(masks, $"{before} {Uri.EscapeDataString(secret)} {after}", Uri.EscapeDataString(secret));
            Masked(masks, $"{before} {System.Net.WebUtility.UrlEncode(secret)} {after}", System.Net.WebUtility.UrlEncode(secret));
        });

        static void Masked(MaskSet masks, string written, string secret)
        {
            var shown = masks.Mask(written);
            Assert.Contains("***", shown, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_comes_out_does_not_depend_on_how_it_was_cut()
    {
        Gen.Select(s_secret.List[1, 3], s_text.List[1, 6], Gen.Int[1, 7]).Sample((secrets, texts, size) =>
        {
            var masks = MaskSet.Of(secrets);
            var written = string.Concat(texts.Select((text, i) => text + secrets[i % secrets.Count][..^(i % 3)]));
            var whole = Fed(masks, Encoding.UTF8.GetBytes(written), int.MaxValue);
            Assert.Equal(whole, Fed(masks, Encoding.UTF8.GetBytes(written), size));
            Assert.Equal(masks.Mask(written), Encoding.UTF8.GetString(whole));
        });
    }

    [Fact]
    public void Whoever_begins_anew_behind_what_came_out_shows_no_secret_that_was_written_whole()
    {
        Gen.Select(s_secret, s_text, s_text, Gen.Int[0, 80]).Sample((secret, before, after, cut) =>
        {
            var masks = MaskSet.Of([secret]);
            var written = Encoding.UTF8.GetBytes($"{before}{secret}{after}{secret}.");
            var first = new Sink();
            var masker = new Masker(masks);
            masker.Add(written.AsSpan(0, Math.Min(cut, written.Length)), first);
            var rest = Fed(masks, written[first.Taken..], int.MaxValue);
            Assert.Equal(Fed(masks, written, int.MaxValue).Length, first.Shown.Count + rest.Length);
            Assert.DoesNotContain(secret, Encoding.UTF8.GetString([.. first.Shown, .. rest]), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Output_without_a_secret_comes_out_as_it_was() =>
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.Equal(bytes, Fed(MaskSet.Of(["not-in-there-by-any-chance"]), bytes, 7)));

    [Fact]
    public void A_row_of_overlapping_secrets_is_one_mask_and_does_not_grow_in_memory()
    {
        var sink = new Sink();
        var masker = new Masker(MaskSet.Of(["aaaaaaaa"]));
        for (var i = 0; i < 1000; i++) masker.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"u8, sink);
        Assert.InRange(sink.Taken, 40_000, 50_000);
        masker.Finish(sink);
        Assert.Equal((50_000, "***"), (sink.Taken, Encoding.UTF8.GetString([.. sink.Shown])));
    }

    [Fact]
    public void Of_secrets_with_very_many_bytes_fewer_forms_are_looked_for_and_none_is_shown_as_it_is()
    {
        foreach (var (bytes, url, base64) in new[] { (64 * 1024, "***", "***"), (65 * 1024, null, "***"), (513 * 1024, (string?)null, (string?)null) })
        {
            var secret = "a/b " + string.Concat(Enumerable.Range(0, bytes / 8).Select(i => $"{i * 7919 % 10_000_000:D7} "));
            secret = secret[..bytes];
            var masks = MaskSet.Of([secret]);
            var (escaped, encoded) = (Uri.EscapeDataString(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
            Assert.Equal("***", masks.Mask(secret));
            Assert.Equal(url ?? escaped, masks.Mask(escaped));
            Assert.Equal(base64 ?? encoded, masks.Mask(encoded).TrimEnd('=')[..(base64 ?? encoded).Length]);
        }
    }

    [Fact]
    public void What_is_too_short_to_be_a_secret_is_left_alone()
    {
        Assert.True(MaskSet.Of(["12345", ""]).IsEmpty);
        Assert.Equal("port 12345", MaskSet.Of(["12345", "longer-one"]).Mask("port 12345"));
    }

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static byte[] Fed(MaskSet masks, byte[] bytes, int size)
    {
        var sink = new Sink();
        var masker = new Masker(masks);
        foreach (var piece in bytes.Chunk(Math.Min(size, Math.Max(1, bytes.Length)))) masker.Add(piece, sink);
        masker.Finish(sink);
        Assert.Equal(bytes.Length, sink.Taken);
        return [.. sink.Shown];
    }

    private sealed class Sink : IMaskedOutput
    {
        public List<byte> Shown { get; } = [];

        public int Taken { get; private set; }

        public void Plain(ReadOnlySpan<byte> bytes)
        {
            Shown.AddRange(bytes);
            Taken += bytes.Length;
        }

        public void Hidden(int length, bool begins)
        {
            if (begins) Shown.AddRange(Masker.Mask);
            Taken += length;
        }
    }
}
