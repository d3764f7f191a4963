using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Npgsql;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>
/// Runs that are asked for at a steady rate, first alone and then beside a year's backfill of a daily trigger: how long they wait for a worker is printed for both. What is asserted is
/// no time: each day runs once or, where the backfill is cancelled on its way, nothing of it is made and nothing of it starts once that is acknowledged.
/// <c>GOFER_TEST_SECONDS</c> says how long each part takes, 6 where it says nothing.
/// </summary>
public sealed class BackfillLoadTests(ITestOutputHelper output)
{
    private const int Days = 365;

    /// <summary>Between two runs that are asked for.</summary>
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("GOFER_TEST_SECONDS") ?? "6", CultureInfo.InvariantCulture));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_years_backfill_beside_live_runs_comes_to_its_end_or_stops_where_it_is_cancelled()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        await cluster.Area.RegisterAsync(Documents.Script("live", "true"));
        // A day takes a while, as days do: what is measured is who goes first, and not how many processes a machine starts in a second.
        await cluster.Area.RegisterAsync(Documents.Script("past", "sleep 2"));
        await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/past/triggers", """{"id":"daily","type":"cron","expression":"0 0 * * *"}""");
        await cluster.WorkerAsync();
        await LiveAsync(cluster.Area); // a first round, in which programs are loaded and plans are made
        var alone = await PickupAsync(source, await LiveAsync(cluster.Area));

        var made = await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/past/triggers/daily/backfills", """{"from":"2025-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}""");
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        var id = made.Json.GetProperty("id").GetString()!;
        var beside = await PickupAsync(source, await LiveAsync(cluster.Area));
        var reached = await cluster.Area.Client.Triggers.GetBackfillAsync("default", "past", id, Ct);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"live runs wait {alone[alone.Count / 2]:0} ms (half), {P99(alone):0} ms (p99) alone; {beside[beside.Count / 2]:0} ms (half), {P99(beside):0} ms (p99) beside a backfill, of which {reached.Made} of {reached.Total} days came in {s_length.TotalSeconds:0} s: p99 {P99(beside) / P99(alone):0.00} times"));
        Assert.True(reached.Made > 0, "Nothing of it came.");

        if (reached.State == BackfillState.Running) await CancelAsync(cluster, source, id);
        else Assert.Equal(BackfillState.Completed, reached.State);
        var done = await EndedAsync(cluster, id);
        var days = await CountAsync(source, "select count(distinct scheduled_for) from gofer.trigger_events where kind = 'backfill' and decision = 'ran'");
        Assert.Equal(days, await CountAsync(source, "select count(*) from gofer.runs where trigger = 'daily'"));
        if (done.State == BackfillState.Completed) Assert.Equal(Days, days);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.State} with {days} runs"));
    }

    /// <summary>Cancels it; from the answer on nothing of it is made and nothing of it starts.</summary>
    private static async Task CancelAsync(GoferCluster cluster, NpgsqlDataSource source, string id)
    {
        var cancelled = await cluster.Area.SendAsync(HttpMethod.Post, $"pipelines/past/backfills/{id}/cancel");
        // The last of it may just have ended.
        if (cancelled.Status == HttpStatusCode.Conflict) return;
        Assert.True(cancelled.Status == HttpStatusCode.OK, cancelled.ToString());
        var (runs, started) = (await CountAsync(source, "select count(*) from gofer.runs where trigger = 'daily'"), await CountAsync(source, Started));
        await EndedAsync(cluster, id);
        await LiveAsync(cluster.Area); // time in which something could come
        Assert.Equal((runs, started), (await CountAsync(source, "select count(*) from gofer.runs where trigger = 'daily'"), await CountAsync(source, Started)));
    }

    /// <summary>Tasks of it to which a worker came.</summary>
    private const string Started = "select count(*) from gofer.task_executions e join gofer.runs r on r.id = e.run_id where r.trigger = 'daily' and e.fence > 0";

    private static double P99(List<double> took) => took[Math.Min(took.Count - 1, took.Count * 99 / 100)];

    /// <summary>Asks for runs at a steady rate, and answers them once they have ended.</summary>
    private static async Task<List<RunView>> LiveAsync(Area area)
    {
        var runs = new List<RunView>();
        using var timer = new PeriodicTimer(s_period);
        for (var length = Stopwatch.StartNew(); length.Elapsed < s_length; await timer.WaitForNextTickAsync(Ct)) runs.Add(await area.RunAsync("live"));
        for (var i = 0; i < runs.Count; i++) runs[i] = await area.EndAsync(runs[i]);
        return runs;
    }

    /// <summary>How long each waited from its creation to the start of its task, in milliseconds, shortest first.</summary>
    private static async Task<List<double>> PickupAsync(NpgsqlDataSource source, List<RunView> runs)
    {
        await using var command = source.CreateCommand(
            "select extract(epoch from t.started_at - r.created_at)::double precision * 1000 from gofer.runs r join gofer.task_executions t on t.run_id = r.id where r.id = any($1) order by 1");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. runs.Select(r => r.Id)] });
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var took = new List<double>();
        while (await rows.ReadAsync(Ct)) took.Add(rows.GetDouble(0));
        Assert.Equal(runs.Count, took.Count);
        return took;
    }

    private static async Task<BackfillView> EndedAsync(GoferCluster cluster, string id)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var backfill = await cluster.Area.Client.Triggers.GetBackfillAsync("default", "past", id, Ct);
            if (backfill.EndedAt is not null) return backfill;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3), $"It never ends: {backfill}");
        }
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
