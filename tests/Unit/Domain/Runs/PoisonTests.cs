using CsCheck;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>Which of a dead worker's tasks is to blame.</summary>
public sealed class PoisonTests
{
    [Theory]
    [InlineData(new int[0], new int[0])]
    [InlineData(new[] { 1, 2, 2 }, new int[0])] // nobody has been there often enough
    [InlineData(new[] { 1, 3, 2 }, new[] { 1 })] // the only one that all those deaths have in common
    [InlineData(new[] { 7 }, new[] { 0 })]
    [InlineData(new[] { 3, 3, 1 }, new int[0])] // either may be it: the next death tells
    [InlineData(new[] { 4, 5 }, new int[0])]
    [InlineData(new[] { 6, 5, 3 }, new[] { 0 })] // twice the limit is enough, whoever was beside it
    [InlineData(new[] { 6, 6, 1 }, new[] { 0, 1 })] // two that always die together do not go on for ever
    public void It_is_the_one_that_was_there_each_time(int[] deaths, int[] condemned) =>
        Assert.Equal(condemned, Poison.Condemned([.. deaths.Select((d, i) => (i, d))], 3));

    [Fact]
    public void Nobody_is_condemned_below_the_limit_and_nobody_survives_twice_of_it()
    {
        Gen.Select(Gen.Int[0, 30].Array[0, 20], Gen.Int[1, 10]).Sample((deaths, limit) =>
        {
            var condemned = Poison.Condemned([.. deaths.Select((d, i) => (i, d))], limit).ToList();
            Assert.All(condemned, i => Assert.True(deaths[i] >= limit));
            Assert.Superset(Enumerable.Range(0, deaths.Length).Where(i => deaths[i] >= 2 * limit).ToHashSet(), condemned.ToHashSet());
        });
    }
}
