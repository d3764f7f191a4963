using System.Diagnostics;
using System.Globalization;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Crash;

/// <summary>Many short runs through real processes.</summary>
public sealed class LoadTests(ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_hundred_runs_of_ten_tasks_succeed_and_leave_neither_rows_nor_memory_behind()
    {
        await using var cluster = await GoferCluster.StartAsync();
        // Leases that a busy machine keeps: what takes long here is no worker that died, six times over.
        var worker = await cluster.WorkerAsync("process", ("GOFER_WORKER__LEASE", "1m"));
        await cluster.Area.RegisterAsync(Documents.Of(
            "ten",
            [
                Documents.Step("first", "true"),
                .. Enumerable.Range(1, 8).Select(i => Documents.Step($"middle-{i}", "true", ("first", "success"))),
                Documents.Step("last", "true", [.. Enumerable.Range(1, 8).Select(i => ($"middle-{i}", "success"))]),
            ]).Replace("[\"sh\",\"-c\",\"true\"]", "[\"true\"]", StringComparison.Ordinal));
        await RunAsync(cluster, 100);
        var before = worker.Memory();
        var clock = Stopwatch.StartNew();
        await RunAsync(cluster, 400);
        var after = worker.Memory();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"4,000 tasks in {clock.Elapsed.TotalSeconds:0.0} s; worker {before.Now >> 20} MiB after 100 runs, {after.Now >> 20} MiB after 500, {after.Peak >> 20} MiB at most"));

        foreach (var table in new[] { "ready_tasks", "active_runs" }) Assert.Equal(0L, await cluster.ScalarAsync<long>($"select count(*) from gofer.{table}"));
        // What went wrong is named: a number alone leaves whoever reads it nothing to go by.
        var wrong = await cluster.ScalarAsync<string>(
            "select coalesce(string_agg(to_jsonb(t)::text, chr(10)), '') from gofer.task_executions t where (state, attempt, exit_code) is distinct from ('succeeded', 1, 0) and state <> 'skipped'");
        Assert.True(wrong.Length == 0, wrong);
        Assert.Equal(500L, await cluster.ScalarAsync<long>("select count(*) from gofer.runs where state = 'succeeded'"));
        Assert.Equal(5_000L, await cluster.ScalarAsync<long>("select count(*) from gofer.task_executions where state = 'succeeded' and attempt = 1 and exit_code = 0"));
        Assert.True(after.Now - before.Now < 64 << 20, $"The worker grew from {before.Now >> 20} MiB to {after.Now >> 20} MiB.");
        worker.Signal("TERM");
        Assert.Equal(0, await worker.ExitAsync());
    }

    private static async Task RunAsync(GoferCluster cluster, int count)
    {
        var batch = new RunBatchBody { Runs = [.. Enumerable.Repeat(new NewRunBody(), count)] };
        var runs = await cluster.Area.Client.Runs.CreateRunsAsync("default", "ten", batch, cancellationToken: Ct);
        Assert.Equal(count, runs.Items.Count);
        for (var patience = Stopwatch.StartNew(); await cluster.ScalarAsync<long>("select count(*) from gofer.active_runs") > 0; await Task.Delay(50, Ct))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(10), "The runs do not end.");
        }
    }
}
