using Gofer.Infrastructure.Postgres;
using Npgsql;

namespace Gofer.Tests.Unit.Infrastructure;

/// <summary>Calls that share a batch.</summary>
public sealed class CrowdTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_that_come_while_one_is_under_way_share_the_next_and_each_gets_its_own_answer()
    {
        var (batches, first) = (new List<int[]>(), new TaskCompletionSource());
        var crowd = new Crowd<int, string>(3, long.MaxValue, _ => 0, async calls =>
        {
            lock (batches) batches.Add([.. calls]);
            await first.Task;
            return [.. calls.Select(c => $"<{c}>")];
        });
        var alone = crowd.AskAsync(0, Ct);
        while (Count() == 0) await Task.Yield();
        var others = Enumerable.Range(1, 4).Select(n => crowd.AskAsync(n, Ct)).ToList();
        first.SetResult();
        Assert.Equal("<0>", await alone);
        Assert.Equal(["<1>", "<2>", "<3>", "<4>"], await Task.WhenAll(others));
        Assert.Equal([[0], [1, 2, 3], [4]], batches);
        Assert.Equal("<5>", await crowd.AskAsync(5, Ct));

        int Count()
        {
            lock (batches) return batches.Count;
        }
    }

    [Fact]
    public async Task A_batch_is_no_heavier_than_it_may_be_but_for_one_call_that_is_so_alone()
    {
        var (batches, began, first) = (new List<int[]>(), new TaskCompletionSource(), new TaskCompletionSource());
        var crowd = new Crowd<int, int>(100, 10, n => n, async calls =>
        {
            if (began.TrySetResult()) await first.Task;
            else batches.Add([.. calls]);
            return calls;
        });
        var all = new List<Task<int>> { crowd.AskAsync(0, Ct) };
        await began.Task;
        foreach (var weight in new[] { 4, 6, 1, 25, 10, 1 }) all.Add(crowd.AskAsync(weight, Ct));
        first.SetResult();
        await Task.WhenAll(all);
        Assert.Equal([4, 6, 1, 25, 10, 1], batches.SelectMany(b => b));
        Assert.All(batches, b => Assert.True(b.Length == 1 || b.Sum() <= 10, string.Join('+', b)));
    }

    [Fact]
    public async Task What_the_database_refuses_of_a_batch_fails_alone()
    {
        var first = new TaskCompletionSource();
        var crowd = new Crowd<int, int>(100, long.MaxValue, _ => 0, async calls =>
        {
            await first.Task;
            return calls.Contains(2) ? throw new PostgresException("no", "ERROR", "ERROR", "23514") : calls;
        });
        var all = Enumerable.Range(0, 4).Select(n => crowd.AskAsync(n, Ct)).ToList();
        first.SetResult();
        await Assert.ThrowsAsync<PostgresException>(() => all[2]);
        var good = await Task.WhenAll(all.Where((_, n) => n != 2));
        Assert.Equal([0, 1, 3], good);
    }

    [Fact]
    public async Task Whatever_goes_wrong_each_caller_is_told_and_the_next_is_served()
    {
        var broken = true;
        var crowd = new Crowd<int, int>(100, long.MaxValue, _ => 0, calls => broken ? throw new InvalidOperationException("broken") : Task.FromResult(calls));
        await Assert.ThrowsAsync<InvalidOperationException>(() => crowd.AskAsync(1, Ct));
        broken = false;
        Assert.Equal(2, await crowd.AskAsync(2, Ct));
    }

    [Fact]
    public async Task Who_gave_up_before_its_turn_is_not_served()
    {
        var (served, first) = (new List<int>(), new TaskCompletionSource());
        var crowd = new Crowd<int, int>(1, long.MaxValue, _ => 0, async calls =>
        {
            served.AddRange(calls);
            if (calls[0] == 0) await first.Task;
            return calls;
        });
        var alone = crowd.AskAsync(0, Ct);
        using var gone = new CancellationTokenSource();
        var given = crowd.AskAsync(1, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        first.SetResult();
        await alone;
        Assert.Equal(2, await crowd.AskAsync(2, Ct));
        Assert.Equal([0, 2], served);
    }
}
