using Gofer.Application.Schedulers;

namespace Gofer.Tests.Unit.Worker;

public sealed class StoppedTests
{
    [Theory]
    [InlineData(0, 20_000, false)] // it ended well, however late that was seen
    [InlineData(1, 9_999, false)]
    [InlineData(1, 10_000, true)]
    [InlineData(143, 10_300, true)]
    [InlineData(137, 9_000, true)] // its machine's clock and the database's may be a second apart
    [InlineData(143, 9_000, true)]
    [InlineData(143, 8_999, false)]
    [InlineData(139, 9_500, false)] // a signal that no stop sends
    public void What_was_ended_by_a_stop_is_told_from_what_failed_by_itself(int exitCode, int ranMilliseconds, bool stopped)
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var ended = new ContainerStatus.Ended(exitCode, false, start, start.AddMilliseconds(ranMilliseconds), null);
        Assert.Equal(stopped, ended.WasStoppedAt(TimeSpan.FromSeconds(10)));
    }
}
