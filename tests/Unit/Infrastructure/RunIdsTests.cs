using System.Collections.Concurrent;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;

namespace Gofer.Tests.Unit.Infrastructure;

/// <summary>Ids of runs sort as the runs were made.</summary>
public sealed class RunIdsTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void They_only_grow_within_a_millisecond_and_when_the_clock_goes_back()
    {
        var ids = new RunIds();
        var made = new List<string>();
        foreach (var offset in new[] { 0, 0, 0, 1, 1, -5000, 1, 2, -1, 100 })
        {
            for (var i = 0; i < 100; i++) made.Add(ids.Next(s_now.AddMilliseconds(offset)).Value.ToString());
        }

        Assert.Equal(made.Order(StringComparer.Ordinal), made);
        Assert.Equal(made.Count, made.Distinct().Count());
    }

    [Fact]
    public void They_are_UUIDs_of_version_7_that_tell_their_time()
    {
        var id = new RunIds().Next(s_now).Value;
        Assert.Equal((7, 8), (id.Version, id.Variant & 0xC));
        Assert.StartsWith(s_now.ToUnixTimeMilliseconds().ToString("x12", null)[..8], id.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void None_comes_twice_from_many_threads_at_once()
    {
        var ids = new RunIds();
        var all = new ConcurrentBag<RunId>();
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 2000; i++) all.Add(ids.Next(s_now));
        });
        Assert.Equal(16_000, all.Distinct().Count());
    }
}
