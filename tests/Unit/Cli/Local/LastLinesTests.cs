using System.Text;
using Gofer.Application.Logs;
using Gofer.Cli.Local;

namespace Gofer.Tests.Unit.Cli.Local;

public sealed class LastLinesTests
{
    [Fact]
    public void Only_the_last_are_kept_and_one_without_an_end_counts()
    {
        var last = new LastLines(3);
        Add(last, LogStream.Stdout, "1\n2\n3\n4\nha");
        Add(last, LogStream.Stderr, "oops\n");
        Add(last, LogStream.Stdout, "lf");
        Assert.Equal(["4", "oops", "half"], last.Take());
    }

    [Fact]
    public void A_line_without_end_takes_no_more_room_than_a_person_reads()
    {
        var last = new LastLines(3);
        for (var i = 0; i < 100; i++) Add(last, LogStream.Stdout, new string('x', 1000));
        Add(last, LogStream.Stdout, "\nnext\n");
        Assert.Equal([8 * 1024, 4], last.Take().Select(l => l.Length));
    }

    private static void Add(LastLines last, LogStream stream, string text) => last.Add(stream, Encoding.UTF8.GetBytes(text));
}
