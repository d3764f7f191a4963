using System.Diagnostics;
using System.Globalization;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Crash;

/// <summary>A pipeline's <c>parallelism</c> while workers die, judged by what the tasks themselves wrote down.</summary>
public sealed class ParallelismTests(ITestOutputHelper output)
{
    private const int Runs = 200;

    /// <summary>What waits when the limit is raised, however many of the others ended while workers were away: seconds of work for three at a time.</summary>
    private const int Later = 60;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_at_a_time_are_never_four_whoever_dies_a_raised_limit_is_used_at_once_and_no_slot_is_left_behind()
    {
        await using var cluster = await GoferCluster.StartAsync();
        var journal = Path.Combine(cluster.Data, "journal");
        var workers = new List<GoferProcess> { await cluster.WorkerAsync(), await cluster.WorkerAsync() };
        await cluster.Area.RegisterAsync(Document(journal, 3));
        await CreateAsync(cluster, Runs);

        for (var kills = 0; kills < 4; kills++)
        {
            var ended = 10 * (kills + 1);
            await UntilAsync(() => Ended(journal) >= ended, $"{ended} ends", journal);
            await workers[0].KillAsync();
            workers.RemoveAt(0);
            workers.Add(await cluster.WorkerAsync());
        }

        Assert.Equal(3, Most(journal));
        await CreateAsync(cluster, Later);
        var raised = Stopwatch.StartNew();
        await cluster.Area.RegisterAsync(Document(journal, 10));
        await UntilAsync(() => Most(journal) > 3, "a fourth at once", journal);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a fourth at once {raised.Elapsed.TotalSeconds:0.0} s after the limit was raised to 10"));

        await UntilAsync(() => Ended(journal) >= Runs + Later, $"{Runs + Later} ends", journal);
        for (var left = 1L; left > 0; left = await cluster.ScalarAsync<long>("select count(*) from gofer.active_runs")) await Task.Delay(50, Ct);
        Assert.InRange(Most(journal), 4, 10);
        Assert.Equal(Runs + Later, File.ReadAllLines(journal).Count(l => l.StartsWith("start ", StringComparison.Ordinal))); // nothing ran twice
        Assert.Equal((long)Runs + Later, await cluster.ScalarAsync<long>("select count(*) from gofer.runs where state = 'succeeded'"));
        Assert.Equal(0L, await cluster.ScalarAsync<long>("select (select count(*) from gofer.ready_tasks) + (select count(*) from gofer.slots) + (select count(*) from gofer.held_tasks)"));
    }

    private static string Document(string journal, int parallelism) => Documents.With(
        $"\"parallelism\":{parallelism}",
        Documents.Script("limited", $"echo \"start $GOFER_RUN_ID\" >> {journal}; sleep 0.2; echo \"end $GOFER_RUN_ID\" >> {journal}"));

    private static int Ended(string journal) => Lines(journal).Count(l => l.StartsWith("end ", StringComparison.Ordinal));

    /// <summary>The most tasks that were at work at once, by the order of the lines: an append of a line is one write.</summary>
    private static int Most(string journal)
    {
        var (now, most) = (0, 0);
        foreach (var line in Lines(journal)) most = Math.Max(most, now += line.StartsWith("start ", StringComparison.Ordinal) ? 1 : -1);
        return most;
    }

    private static string[] Lines(string journal) => File.Exists(journal) ? File.ReadAllLines(journal) : [];

    private static Task<RunBatchView> CreateAsync(GoferCluster cluster, int runs)
        => cluster.Area.Client.Runs.CreateRunsAsync("default", "limited", new RunBatchBody { Runs = [.. Enumerable.Repeat(new NewRunBody(), runs)] }, cancellationToken: Ct);

    private static async Task UntilAsync(Func<bool> condition, string what, string journal)
    {
        for (var patience = Stopwatch.StartNew(); !condition(); await Task.Delay(20, Ct))
        {
            if (patience.Elapsed < TimeSpan.FromMinutes(3)) continue;
            var starts = Lines(journal).Count(l => l.StartsWith("start ", StringComparison.Ordinal));
            Assert.Fail($"Waited in vain for {what}: {starts} started, {Ended(journal)} ended, {Most(journal)} at once at most.");
        }
    }
}
