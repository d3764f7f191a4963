using System.CommandLine;
using Gofer.Cli.Commands;

namespace Gofer.Tests.Unit.Cli;

public sealed class ListTests
{
    [Theory]
    [InlineData(null, 30, 30, false)]
    [InlineData(null, 50, 50, false)]
    [InlineData(null, 51, 50, true)]
    [InlineData(7, 51, 7, true)]
    [InlineData(1200, 1200, 1200, false)]
    [InlineData(1200, 1201, 1200, true)]
    [InlineData(int.MaxValue, 1700, 1700, false)]
    public async Task Pages_are_read_up_to_the_limit_and_what_is_left_out_is_said(int? limit, int there, int shown, bool more)
    {
        using var error = new StringWriter();
        var parsed = new RootCommand().Parse([]);
        parsed.InvocationConfiguration.Error = error;
        var items = await new CommandContext(parsed).ListAsync<int>(limit, (most, cursor) =>
        {
            Assert.InRange(most, 1, 500);
            var from = cursor is null ? 0 : int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture);
            // A filtered page may be shorter than asked for and still have a next one.
            var part = Enumerable.Range(from, Math.Min(Math.Max(1, most / 2), there - from)).ToList();
            var next = from + part.Count < there ? $"{from + part.Count}" : null;
            return Task.FromResult<(IReadOnlyList<int>, string?)>((part, next));
        });
        Assert.Equal(Enumerable.Range(0, shown), items);
        Assert.Equal(more, error.ToString().Contains($"There are more than these {shown}", StringComparison.Ordinal));
    }
}
