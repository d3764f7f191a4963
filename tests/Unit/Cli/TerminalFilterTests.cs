using System.Text;
using CsCheck;
using Gofer.Cli.Terminal;

namespace Gofer.Tests.Unit.Cli;

/// <summary>What a task wrote, and a terminal gets of it.</summary>
public sealed class TerminalFilterTests
{
    private static readonly byte[] s_alphabet = [0x1b, .. "[]m1;?\\a"u8, 0x07, (byte)'\n', 0xc2, 0x9b, 0x9c, 0x9d];

    [Theory]
    [InlineData("plain äöü 🎉 \t text\r\n", "plain äöü 🎉 \t text\r\n")]
    [InlineData("\e[1;31mred\e[0m \e[38;5;200mpink\e[m \e[38:2::1:2:3mrgb", "\e[1;31mred\e[0m \e[38;5;200mpink\e[m \e[38:2::1:2:3mrgb")]
    [InlineData("a\e[2J\e[1;1Hb", "ab")]
    [InlineData("a\e]0;title\ab", "ab")]
    [InlineData("a\e]52;c;c2VjcmV0\e\\b", "ab")]
    [InlineData("a\e]8;;http://evil\e\\link\e]8;;\e\\b", "alinkb")]
    [InlineData("a\eP$q\"p\e\\b", "ab")]
    [InlineData("a\e[6n\e[cb", "ab")]
    [InlineData("a\e[>4;1mb", "ab")]
    [InlineData("a\e[?25lb", "ab")]
    [InlineData("a\ecb", "ab")]
    [InlineData("a\e(0b", "ab")]
    [InlineData("a\u009b2Jb\u009d0;t\u009cc", "abc")]
    [InlineData("a\a\b\0\u007fb", "ab")]
    [InlineData("a\e]0;never ends\nb", "a\nb")]
    [InlineData("a\e[12\nb", "a\nb")]
    [InlineData("a\e\e[31mb", "a\e[31mb")]
    [InlineData("é © ±", "é © ±")]
    public void Text_and_colours_go_through_and_what_a_terminal_would_obey_does_not(string written, string shown) => Assert.Equal(shown, new TerminalFilter().Clean(written));

    [Fact]
    public void It_makes_no_difference_where_pieces_are_cut() =>
        Gen.Select(Gen.OneOf(s_alphabet).Array[0, 40], Gen.Int[0, 40])
            .Sample((bytes, at) =>
            {
                var cut = Math.Min(at, bytes.Length);
                var whole = new TerminalFilter().Clean(bytes);
                var filter = new TerminalFilter();
                byte[] pieces = [.. filter.Clean(bytes.AsSpan(0, cut)), .. filter.Clean(bytes.AsSpan(cut))];
                Assert.Equal(whole, pieces);
            });

    [Fact]
    public void Only_colours_ever_begin_with_an_escape() => Gen.Byte.Array[0, 60].Sample(bytes =>
        Assert.DoesNotMatch("\e(?!\\[[0-9;:]*m)|[\0-\b\v\f\x0e-\x1a\x1c-\x1f\x7f]", Encoding.Latin1.GetString(new TerminalFilter().Clean(bytes))));
}
