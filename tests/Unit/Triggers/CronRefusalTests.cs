using CsCheck;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Whatever is written as a cron expression is read or refused with a sentence, never with an exception.</summary>
public sealed class CronRefusalTests
{
    private const string NoSuchDay = "The expression never fires: no month that it names has such a day.";
    private const string NoDayIsBoth = "The expression never fires: both days must fit, and no such day of the month is such a day of the week.";

    [Theory]
    [InlineData("0 0 30 2 *", NoSuchDay)]
    [InlineData("0 0 31 FEB,APR ?", NoSuchDay)]
    [InlineData("0 0 0 31 2,4,6,9,11 MON", NoSuchDay)]
    [InlineData("0 0 13 * MON#1", NoDayIsBoth)]
    [InlineData("0 0 15W * SUN", NoDayIsBoth)]
    [InlineData("0 0 1-7 * 5L", NoDayIsBoth)]
    [InlineData("0 0 29 2 1#1", NoDayIsBoth)]
    public void What_never_fires_is_told_why(string text, string complaint)
    {
        Assert.False(CronSchedule.TryParse(text, out _, out var said));
        Assert.Equal(complaint, said);
    }

    [Theory]
    [InlineData("0 0 29 2 MON")]
    [InlineData("0 0 29 2 1#5")]
    [InlineData("0 0 31 * SUN")]
    [InlineData("0 0 LW 2 5L")]
    public void What_fires_once_in_many_years_is_taken(string text)
    {
        Assert.True(CronSchedule.TryParse(text, out var schedule, out var complaint), complaint);
        Assert.NotNull(schedule.NextAfter(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeZoneInfo.Utc, DstPolicy.Shift));
    }

    [Fact]
    public void No_text_throws()
    {
        Gen.String.Array[1, 8].Select(fields => string.Join(' ', fields)).Sample(IsJudged, iter: 5000);
        Gen.String[Gen.Char["0123456789*/-,?LW#@HMONJA \t\0é😀"], 0, 30].Sample(IsJudged, iter: 10_000);
        Gen.String[Gen.Char["0123*/-,?LW#5"], 1, 4].Array[5, 6].Select(fields => string.Join(' ', fields)).Sample(IsJudged, iter: 10_000);
    }

    private static void IsJudged(string text)
    {
        if (!CronSchedule.TryParse(text, out var schedule, out var complaint)) Assert.True(complaint[^1] is '.' or '?', complaint);
        else Assert.Equal((text, null), (schedule.Text, complaint));
    }
}
