using Gofer.Client;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Serving;
using Npgsql;
using static Gofer.Tests.Integration.Triggers.Ticking;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Times that pass while no worker is there, and workers that die as they catch up: what fires is exactly what the policy says.</summary>
public sealed class CatchUpCrashTests(ITestOutputHelper output)
{
    private const int Gaps = 3;

    /// <summary>How late a time may fire and was not missed: less than a gap takes.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);

    private static readonly (string Policy, int Count)[] s_policies = [("none", 0), ("last", 1), ("3", 3), ("all", int.MaxValue)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_the_times_that_nobody_could_fire_each_policy_fires_exactly_its_own_though_workers_die_meanwhile()
    {
        await using var cluster = await GoferCluster.StartAsync();
        // Slower than the period: whatever fires while a run is there is overlapped, which is a way of having fired.
        await cluster.Area.RegisterAsync(Documents.Script("p", "sleep 2"));
        var worker = await WorkerAsync(cluster);
        foreach (var (policy, _) in s_policies) await EverySecondAsync(cluster, "p", $"catch-{policy}", $""" "overlap":"skip","catch_up":"{policy}" """);
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        await TickAsync(source);
        for (var gaps = 0; gaps < Gaps; gaps++)
        {
            await worker.KillAsync();
            for (var alone = 0; alone < 4; alone++) await TickAsync(source);
            // One that dies somewhere in its first passes, and one that goes on.
            worker = await WorkerAsync(cluster);
            await Task.Delay(Random.Shared.Next(0, 150), Ct);
            await worker.KillAsync();
            worker = await WorkerAsync(cluster);
            await TickAsync(source);
        }

        await StopAsync(source);
        await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.open_trigger_events") == 0);
        var ledger = await LedgerAsync(cluster, "p");
        foreach (var (policy, count) in s_policies)
        {
            var mine = ledger.Where(e => e.Trigger == $"catch-{policy}").ToList();
            AssertEachSecondOnce(mine);
            Assert.All(mine, e => Assert.Contains(e.Decision, new[] { Decisions.Ran, Decisions.Overlapped, Decisions.Missed }));
            // The events of one pass have the time of its transaction, which is what it compares with.
            foreach (var pass in mine.GroupBy(e => e.ReceivedAt))
            {
                var times = pass.OrderBy(e => e.ScheduledFor).ToList();
                var fires = times.Select((e, i) => pass.Key - e.ScheduledFor!.Value <= s_grace || times.Count - 1 - i < count).ToList();
                Assert.Equal(fires, times.Select(e => e.Decision != Decisions.Missed));
            }

            var missed = mine.Count(e => e.Decision == Decisions.Missed);
            output.WriteLine($"{policy}: {mine.Count} times, {missed} missed");
            Assert.True(count == int.MaxValue ? missed == 0 : missed >= Gaps, $"{policy}: {missed} were missed.");
        }
    }

    private static Task<GoferProcess> WorkerAsync(GoferCluster cluster) => cluster.WorkerAsync("process", ("GOFER_TRIGGERS__GRACE", "1s"));
}
