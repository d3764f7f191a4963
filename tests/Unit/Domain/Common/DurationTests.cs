using CsCheck;
using Gofer.Domain.Common;

namespace Gofer.Tests.Unit.Domain.Common;

public sealed class DurationTests
{
    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("0s", 0)]
    public void Durations_are_numbers_with_units(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1y")]
    [InlineData("999999999d999999999d")]
    public void Anything_else_is_no_duration(string? text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void The_normal_form_is_read_back_as_what_it_was() => Gen.Long[0, (long)TimeSpan.FromDays(1000).TotalMilliseconds].Sample(ms =>
    {
        var duration = TimeSpan.FromMilliseconds(ms);
        Assert.True(Duration.TryParse(Duration.Text(duration), out var read));
        Assert.Equal(duration, read);
    });

    [Theory]
    [InlineData("90s", "1m30s")]
    [InlineData("24h", "1d")]
    [InlineData("0ms", "0s")]
    public void What_means_the_same_has_one_form(string written, string normal)
    {
        Assert.True(Duration.TryParse(written, out var duration));
        Assert.Equal(normal, Duration.Text(duration));
    }
}
