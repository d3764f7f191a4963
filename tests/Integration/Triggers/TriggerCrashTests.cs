using System.Diagnostics;
using System.Globalization;
using Gofer.Client;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Serving;
using Npgsql;
using static Gofer.Tests.Integration.Triggers.Ticking;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Real workers that die at the very moment at which a trigger fires, and one whose clock is moved: each scheduled time is one event all the same.</summary>
public sealed class TriggerCrashTests(ITestOutputHelper output)
{
    private const int Kills = 20;

    /// <summary>Where Debian's package puts the library that moves a process's clock.</summary>
    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    /// <summary>Times of several processes and of the database are compared, and a decision has that of its transaction's start.</summary>
    private static readonly TimeSpan s_skew = TimeSpan.FromMilliseconds(500);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Workers_that_are_killed_twenty_times_as_a_trigger_fires_miss_no_time_and_double_none()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.Area.RegisterAsync(Documents.Script("p", "true"));
        var worker = await cluster.WorkerAsync();
        await EverySecondAsync(cluster, "p", "tick", """ "catch_up":"all" """);
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        for (var kills = 0; kills < Kills; kills++)
        {
            var next = await cluster.WorkerAsync();
            await TickAsync(source);
            await worker.KillAsync();
            worker = next;
        }

        await DisableAsync(cluster, "p", "tick");
        var ledger = await LedgerAsync(cluster, "p");
        output.WriteLine($"{ledger.Count} times, {Kills} kills");
        AssertEachSecondOnce(ledger);
        Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
        Assert.Equal(Enumerable.Range(1, ledger.Count).Select(n => (long)n), ledger.Select(e => e.Run!.Value).Order());
        Assert.Equal(ledger.Count, await cluster.ScalarAsync<long>("select count(*) from gofer.runs where trigger = 'tick'"));
    }

    /// <summary>One clock counts, the database's: a worker's own may be anything.</summary>
    [Fact]
    public async Task A_workers_clock_that_jumps_by_hours_changes_no_scheduled_time()
    {
        Assert.True(File.Exists(FakeTime), "libfaketime is not here: apt-get install libfaketime.");
        var clock = Path.Combine(Directory.CreateTempSubdirectory("gofer-clock-").FullName, "time");
        await File.WriteAllTextAsync(clock, "+0", Ct);
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.Area.RegisterAsync(Documents.Script("p", "true"));
        await cluster.WorkerAsync("process", ("LD_PRELOAD", FakeTime), ("FAKETIME_TIMESTAMP_FILE", clock), ("FAKETIME_NO_CACHE", "1"), ("DONT_FAKE_MONOTONIC", "1"));
        await EverySecondAsync(cluster, "p", "tick", """ "catch_up":"none" """);
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        foreach (var jump in new[] { "+0", "+3h", "-30m", "+0" })
        {
            await File.WriteAllTextAsync(clock, jump, Ct);
            for (var ticks = 0; ticks < 4; ticks++) await TickAsync(source);
        }

        await DisableAsync(cluster, "p", "tick");
        var ledger = await LedgerAsync(cluster, "p");
        AssertEachSecondOnce(ledger);
        Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
        Assert.True(ledger.Count >= 14, $"Only {ledger.Count} times came.");
        Directory.Delete(Path.GetDirectoryName(clock)!, recursive: true);
    }

    /// <summary>A trigger each second, whose runs take two: what each policy makes of it, while the workers die. What is right is judged by the runs' own times.</summary>
    [Theory]
    [InlineData("allow")]
    [InlineData("skip")]
    [InlineData("queue_one")]
    [InlineData("queue")]
    [InlineData("cancel_oldest")]
    public async Task Runs_that_take_longer_than_the_period_come_to_what_overlap_says_while_workers_die(string overlap)
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.Area.RegisterAsync(Documents.Script("p", "sleep 2"));
        var worker = await cluster.WorkerAsync();
        await EverySecondAsync(cluster, "p", "tick", $""" "catch_up":"all","overlap":"{overlap}" """);
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        for (var kills = 0; kills < 3; kills++)
        {
            var next = await cluster.WorkerAsync();
            for (var ticks = 0; ticks < 2; ticks++) await TickAsync(source);
            await worker.KillAsync();
            worker = next;
        }

        await StopAsync(source);
        await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.active_runs") + await cluster.ScalarAsync<long>("select count(*) from gofer.open_trigger_events") == 0);
        var ledger = await LedgerAsync(cluster, "p");
        AssertEachSecondOnce(ledger);
        var runs = (await RunsAsync(cluster)).OrderBy(r => r.Number).ToList();
        Assert.Equal(runs.Select(r => r.Number), ledger.Where(e => e.Decision == Decisions.Ran).Select(e => e.Run!.Value).Order());
        output.WriteLine($"{overlap}: {string.Join(", ", ledger.GroupBy(e => e.Decision).Select(g => $"{g.Key} {g.Count()}"))}; runs {string.Join(", ", runs.GroupBy(r => r.State).Select(g => $"{g.Key} {g.Count()}"))}");
        var alone = runs.Zip(runs.Skip(1)).All(p => p.First.EndedAt <= p.Second.CreatedAt + s_skew);
        switch (overlap)
        {
            case "allow":
                Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
                Assert.All(runs, r => Assert.Equal(RunState.Succeeded, r.State));
                break;
            case "skip":
                Assert.True(alone, "Two runs were there at a time.");
                Assert.All(ledger.Where(e => e.Decision != Decisions.Ran), e => Assert.Equal(Decisions.Overlapped, e.Decision));
                // Whatever was skipped was decided while a run was there.
                Assert.All(ledger.Where(e => e.Decision == Decisions.Overlapped), e => Assert.Contains(runs, r => r.CreatedAt <= e.DecidedAt + s_skew && r.EndedAt >= e.DecidedAt - s_skew));
                break;
            case "queue":
                Assert.True(alone, "Two runs were there at a time.");
                Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
                Assert.Equal(ledger.OrderBy(e => e.ScheduledFor).Select(e => e.Run), ledger.Select(e => e.Run).Order());
                break;
            case "queue_one":
                Assert.True(alone, "Two runs were there at a time.");
                Assert.All(ledger.Where(e => e.Decision != Decisions.Ran), e => Assert.Equal(Decisions.Overlapped, e.Decision));
                Assert.True(ledger.Count(e => e.Decision == Decisions.Ran) >= 3 && ledger.Any(e => e.Decision == Decisions.Overlapped), "Nothing waited, or nothing was left out.");
                break;
            default:
                Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
                Assert.Equal(RunState.Succeeded, runs[^1].State);
                // One that had ended by itself before the next came is the only other that may have succeeded.
                Assert.All(runs.Take(runs.Count - 1).Zip(runs.Skip(1)), p => Assert.True(p.First.State == RunState.Cancelled ? p.First.Reason == "superseded" : p.First.EndedAt <= p.Second.CreatedAt + s_skew, $"run {p.First.Number}: {p.First.State}"));
                break;
        }
    }
}
