using Gofer.Domain.Runs;

namespace Gofer.Tests.Integration.Engine;

/// <summary>Limits of install, namespace and concurrency key: slots are rows, counted under a lock, and gone with the attempt.</summary>
public sealed class LimitTests(QueueInstall shared) : EngineTest(shared)
{
    private const string Key = "\"concurrency\":{\"key\":\"db\",\"limit\":2}";

    [Fact]
    public async Task A_concurrency_key_holds_tasks_of_all_pipelines_of_its_namespace_back()
    {
        var (a, b) = (await Install.RegisterAsync(OneTask("a", task: Key), Ct), await Install.RegisterAsync(OneTask("b", task: Key), Ct));
        await Install.CreateRunsAsync(a, 2, Ct);
        var held = await Install.CreateRunAsync(b, Ct);
        var worker = await WorkAsync();
        var claims = await ClaimAsync(worker);
        Assert.Equal(["a", "a"], claims.Select(c => c.Pipeline));
        var task = Assert.Single(await Install.TasksAsync(held.Id, Ct));
        Assert.Equal((TaskState.Waiting, WaitingFor.Concurrency), (task.State, task.WaitingFor!.Value));
        Assert.Contains("at most 2 tasks run at a time under the key 'db'", task.Message, StringComparison.Ordinal);

        await FinishAsync(worker, [claims[0]]);
        Assert.Equal("b", Assert.Single(await ClaimAsync(worker)).Pipeline);
        Assert.Equal(0L, await CountAsync("held_tasks"));
    }

    [Fact]
    public async Task A_namespaces_limit_is_never_exceeded_and_a_raised_one_is_used_at_once()
    {
        var name = Unique("capped");
        await Install.AddNamespaceAsync(name, 1, 5, Ct);
        await Install.CreateRunsAsync(await Install.RegisterAsync(OneTask("p"), Ct, name), 50, Ct);
        var worker = await WorkAsync();
        var claims = await ClaimAsync(worker, 100);
        Assert.Equal((5, 45L, 5L), (claims.Count, await CountAsync("held_tasks"), await CountAsync("slots")));

        await ExecuteAsync($"update gofer.namespaces set task_limit = 8 where name = '{name}'");
        await SweepAsync();
        claims = [.. claims, .. await ClaimAsync(worker, 100)];
        Assert.Equal(8, claims.Count);
        for (var ended = 0; ended < 50; ended += claims.Count, claims = await ClaimAsync(worker, 100))
        {
            Assert.InRange(claims.Count, 1, 8);
            await FinishAsync(worker, claims);
        }

        Assert.Equal((0L, 0L, 0L), (await CountAsync("held_tasks"), await CountAsync("slots"), await CountAsync("active_runs")));
    }

    [Fact]
    public async Task The_installs_limit_lets_namespaces_in_by_their_shares()
    {
        var (first, second) = (Unique("first"), Unique("second"));
        await Install.AddNamespaceAsync(first, 1, 0, Ct);
        await Install.AddNamespaceAsync(second, 1, 0, Ct);
        await ExecuteAsync("update gofer.install set task_limit = 4");
        try
        {
            await Install.CreateRunsAsync(await Install.RegisterAsync(OneTask("p"), Ct, first), 100, Ct);
            await Install.CreateRunsAsync(await Install.RegisterAsync(OneTask("p"), Ct, second), 10, Ct);
            var worker = await WorkAsync();
            var seen = new List<string>();
            for (var claims = await ClaimAsync(worker); seen.Count < 30; claims = await ClaimAsync(worker))
            {
                Assert.InRange(claims.Count, 1, 4);
                seen.AddRange(claims.Select(c => c.Namespace));
                await FinishAsync(worker, claims);
            }

            Assert.InRange(seen.Count(n => n == second), 8, 10); // and not after a hundred others
        }
        finally
        {
            await ExecuteAsync("update gofer.install set task_limit = 0");
        }
    }

    [Fact]
    public async Task A_slot_outlives_the_worker_and_goes_with_the_attempt()
    {
        await Install.CreateRunsAsync(await Install.RegisterAsync(OneTask("p", task: Key), Ct), 3, Ct);
        var first = await WorkAsync();
        Assert.Equal(2, (await ClaimAsync(first)).Count);
        await Install.ExpireLeaseAsync(first, Ct);
        await SweepAsync();
        Assert.Equal((2L, 1L), (await CountAsync("slots"), await CountAsync("held_tasks"))); // requeued, and still theirs

        var second = await WorkAsync();
        var adopted = await ClaimAsync(second);
        Assert.Equal(2, adopted.Count);
        await FinishAsync(second, adopted);
        await FinishAsync(second, await ClaimAsync(second));
        Assert.Equal((0L, 0L), (await CountAsync("slots"), await CountAsync("active_runs")));
    }

    [Fact]
    public async Task Cancelling_what_waits_for_a_slot_or_has_one_leaves_neither_behind()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p", task: Key), Ct);
        var runs = await Install.CreateRunsAsync(pipeline, 4, Ct);
        foreach (var run in runs.Reverse()) Assert.True((await Install.Writer.CancelAsync(run.Id, null, Ct)).IsOk);
        Assert.Equal((0L, 0L, 0L), (await CountAsync("slots"), await CountAsync("held_tasks"), await CountAsync("active_runs")));
        Assert.Empty(await ClaimAsync(await WorkAsync()));
    }

    [Fact]
    public async Task Whoever_comes_at_once_from_many_sides_gets_no_slot_too_many()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p", task: "\"concurrency\":{\"key\":\"k\",\"limit\":3}"), Ct);
        var workers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => WorkAsync()));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Install.CreateRunsAsync(pipeline, 5, Ct)));
        var (most, ended, now) = (0, 0, 0);
        await Task.WhenAll(workers.Select(async worker =>
        {
            while (Volatile.Read(ref ended) < 100)
            {
                var claims = await ClaimAsync(worker, 2);
                var together = Interlocked.Add(ref now, claims.Count);
                InterlockedMax(ref most, together);
                Interlocked.Add(ref now, -claims.Count);
                await FinishAsync(worker, claims);
                Interlocked.Add(ref ended, claims.Count);
            }
        }));
        Assert.InRange(most, 1, 3);
        Assert.Equal((0L, 0L, 0L), (await CountAsync("slots"), await CountAsync("held_tasks"), await CountAsync("active_runs")));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value; seen = Volatile.Read(ref target))
        {
            if (Interlocked.CompareExchange(ref target, value, seen) == seen) return;
        }
    }
}
