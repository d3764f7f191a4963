namespace Gofer.Tests.Integration.Engine;

/// <summary>Who goes first: priority, then fairness among namespaces, then age; and waiting raises priority slowly.</summary>
public sealed class FairnessTests(QueueInstall shared) : EngineTest(shared)
{
    private const int Round = 100;

    [Fact]
    public async Task A_namespace_that_comes_later_does_not_wait_for_ten_thousand_tasks_of_another()
    {
        var (first, second) = (await NamespaceAsync(1), await NamespaceAsync(1));
        var many = await Install.RegisterAsync(OneTask("many"), Ct, first);
        for (var i = 0; i < 10; i++) await Install.CreateRunsAsync(many, 1000, Ct);
        var worker = await WorkAsync();
        for (var round = 0; round < 5; round++) await FinishAsync(worker, await ClaimAsync(worker, Round));

        await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("one"), Ct, second), Ct);
        var next = await ClaimAsync(worker, Round);
        var afterThat = await ClaimAsync(worker, Round);
        Assert.Contains(next.Concat(afterThat), c => c.Namespace == second);
    }

    [Fact]
    public async Task Weights_of_three_to_one_give_three_to_one_of_the_queue()
    {
        var (heavy, light) = (await NamespaceAsync(3), await NamespaceAsync(1));
        foreach (var name in new[] { light, heavy })
        {
            var pipeline = await Install.RegisterAsync(OneTask("p"), Ct, name);
            for (var i = 0; i < 4; i++) await Install.CreateRunsAsync(pipeline, 1000, Ct);
        }

        var worker = await WorkAsync();
        var claimed = new List<string>();
        while (claimed.Count < 4000)
        {
            var claims = await ClaimAsync(worker, Round);
            claimed.AddRange(claims.Select(c => c.Namespace));
            await FinishAsync(worker, claims);
        }

        Assert.InRange(claimed.Count(n => n == heavy), 2700, 3300);
    }

    [Fact]
    public async Task A_namespace_that_was_idle_does_not_make_up_for_it()
    {
        var (busy, idle) = (await NamespaceAsync(1), await NamespaceAsync(1));
        var (of, with) = (await Install.RegisterAsync(OneTask("p"), Ct, busy), await Install.RegisterAsync(OneTask("p"), Ct, idle));
        var worker = await WorkAsync();
        for (var i = 0; i < 3; i++)
        {
            await Install.CreateRunsAsync(of, 200, Ct);
            await FinishAsync(worker, await ClaimAsync(worker, 200));
        }

        await ExecuteAsync("update gofer.queue_floor set virtual_time = (select max(virtual_time) from gofer.namespace_clocks)"); // as the claimer says ten times a second
        await Install.CreateRunsAsync(with, 100, Ct);
        await Install.CreateRunsAsync(of, 100, Ct);
        var shares = (await ClaimAsync(worker, 100)).CountBy(c => c.Namespace).ToDictionary();
        Assert.InRange(shares.GetValueOrDefault(busy), 40, 60);
    }

    [Fact]
    public async Task What_has_a_higher_priority_goes_first_and_the_live_versions_is_that_of_runs_that_name_none()
    {
        var low = await Install.RegisterAsync(OneTask("low", "\"priority\":-5"), Ct);
        var usual = await Install.RegisterAsync(OneTask("usual"), Ct);
        await Install.CreateRunAsync(low, Ct);
        await Install.CreateRunAsync(usual, Ct);
        await Install.CreateRunsAsync(low, 1, Ct, priority: 7);
        var claims = await ClaimAsync(await WorkAsync());
        Assert.Equal([("low", 2L), ("usual", 1L), ("low", 1L)], claims.Select(c => (c.Pipeline, c.RunNumber)));
    }

    [Fact]
    public async Task A_task_that_lost_its_worker_goes_before_those_that_wait()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p"), Ct);
        await Install.CreateRunsAsync(pipeline, 3, Ct);
        var dies = await WorkAsync();
        Assert.Equal(1L, Assert.Single(await ClaimAsync(dies, limit: 1)).RunNumber);
        await Install.ExpireLeaseAsync(dies, Ct);
        await SweepAsync();
        var claims = await ClaimAsync(await WorkAsync());
        Assert.Equal([1L, 2L, 3L], claims.Select(c => c.RunNumber));
    }

    [Fact]
    public async Task Waiting_raises_priority_step_by_step_up_to_what_goes_first()
    {
        var pipeline = await Install.RegisterAsync(OneTask("p"), Ct);
        await Install.CreateRunsAsync(pipeline, 1, Ct, priority: 0);
        await Install.CreateRunsAsync(pipeline, 1, Ct, priority: 2);
        for (var minute = 0; minute < 5; minute++)
        {
            await SweepAsync(); // nobody waited for a minute yet
            await ExecuteAsync("update gofer.ready_tasks set aged_at = aged_at - interval '1 minute'");
            await SweepAsync();
        }

        Assert.Equal(-2, await Install.ScalarAsync<short>("select max(rank) from gofer.ready_tasks", Ct));
        var claims = await ClaimAsync(await WorkAsync());
        Assert.Equal([1L, 2L], claims.Select(c => c.RunNumber)); // as old as it is, it goes before what came after it
    }

    private async Task<string> NamespaceAsync(int weight)
    {
        var name = Unique("share");
        await Install.AddNamespaceAsync(name, weight, 0, Ct);
        return name;
    }
}
