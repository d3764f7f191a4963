using System.Globalization;
using System.Text;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Crash;

/// <summary>Workers that die while a task has secrets: whoever takes it over masks what its container was started with.</summary>
public sealed class SecretCrashTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("changed")]
    [InlineData("deleted")]
    public async Task Who_takes_an_attempt_over_masks_the_value_that_it_was_started_with(string meanwhile)
    {
        await using var cluster = await GoferCluster.StartAsync();
        var first = await cluster.WorkerAsync();
        var signal = Path.Combine(cluster.Data, "go");
        await cluster.Area.RegisterAsync(Of("p", Step("t", $"echo before $X; while [ ! -e {signal} ]; do sleep 0.05; done; echo after $X").And(""" "variables":{"X":"pipeline_secret{{token}}"} """)));
        await SetAsync(cluster, "correct horse");
        var run = await cluster.Area.RunAsync("p");
        await cluster.RunningAsync(run, 1);
        Assert.Equal(1, await cluster.ScalarAsync<long>("select count(*) from gofer.attempt_secrets"));
        await first.KillAsync();
        if (meanwhile == "changed") await SetAsync(cluster, "battery staple");
        else await cluster.Area.SendAsync(HttpMethod.Delete, "pipelines/p/secrets/token");
        await cluster.WorkerAsync();
        await UntilAdoptedAsync(cluster, run);
        await File.WriteAllTextAsync(signal, "", Ct);
        var ended = await cluster.Area.EndAsync(run);
        Assert.Equal(RunState.Succeeded, ended.State);
        Assert.Equal("before ***\nafter ***\n", Encoding.UTF8.GetString(await cluster.Area.LogAsync(ended)));
        await UntilForgottenAsync(cluster);
    }

    [Fact]
    public async Task What_a_dead_worker_kept_of_an_attempt_that_is_over_goes_with_the_next_housekeeping()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.Area.RegisterAsync(Script("p", "true"));
        var run = await cluster.Area.RunAsync("p");
        var worker = await cluster.WorkerAsync();
        await cluster.Area.EndAsync(run);
        await worker.KillAsync();
        await cluster.ScalarAsync<int>(
            $"with kept as (insert into gofer.attempt_secrets select id, 0, 1, 'test', '', '' from gofer.runs where number = {run.Number.ToString(CultureInfo.InvariantCulture)} returning 1) select count(*)::int from kept");
        await cluster.WorkerAsync();
        await UntilForgottenAsync(cluster);
    }

    private static async Task UntilForgottenAsync(GoferCluster cluster)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); await cluster.ScalarAsync<long>("select count(*) from gofer.attempt_secrets") > 0; await Task.Delay(50, Ct))
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "It is still there.");
    }

    private static async Task SetAsync(GoferCluster cluster, string value) =>
        Assert.True((int)(await cluster.Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/token", $$"""{"value":{{Quoted(value)}}}""")).Status is 200 or 201);

    /// <summary>Until another worker holds the task; the container says nothing of that.</summary>
    private static async Task UntilAdoptedAsync(GoferCluster cluster, RunView run)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            if (await cluster.ScalarAsync<long>("select max(fence) from gofer.task_executions where worker_id is not null having count(*) > 0 union all select 0 limit 1") >= 2) return;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"Nobody took run {run.Number} over.");
        }
    }
}
