using Gofer.Cli.Terminal;

namespace Gofer.Tests.Unit.Cli;

public sealed class TableTests
{
    [Fact]
    public void A_row_is_a_line_whatever_somebody_wrote_into_a_cell()
    {
        using var written = new StringWriter();
        string[] items = ["plain", "two\nlines", "\e[2Jcleared", "\e]0;title\a", "c1 \u009b2J"];
        Table.Write(written, items, [("name", i => i), ("length", i => $"{i.Length}")]);
        var lines = written.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(items.Length + 1, lines.Length);
        Assert.All(lines, l => Assert.DoesNotContain(l, char.IsControl));
        Assert.Contains("two?lines", lines[2], StringComparison.Ordinal);
    }
}
