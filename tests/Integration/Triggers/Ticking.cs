using System.Diagnostics;
using System.Globalization;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Npgsql;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Triggers of each second in an install of real processes, and what came of them.</summary>
internal static class Ticking
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A trigger of each second: more often than the API lets anybody, so that a test takes seconds.</summary>
    public static async Task EverySecondAsync(GoferCluster cluster, string pipeline, string trigger, string more)
    {
        var made = await cluster.Area.SendAsync(HttpMethod.Post, $"pipelines/{pipeline}/triggers", $$"""{"id":"{{trigger}}","type":"interval","every":"10s","anchor":"2020-01-01T00:00:00Z","enabled":false,{{more}}}""");
        Assert.True((int)made.Status == 201, made.ToString());
        await cluster.ScalarAsync<int>($"""
            with changed as (
                update gofer.triggers set enabled = true, definition = replace(definition, '"10s"', '"1s"'), next_at = date_trunc('second', now()) + interval '1 second',
                    due_at = date_trunc('second', now()) + interval '1 second' where name = '{trigger}' returning 1)
            select count(*)::int from changed
            """);
    }

    public static async Task DisableAsync(GoferCluster cluster, string pipeline, string trigger)
    {
        await cluster.ScalarAsync<int>($"with stopped as (update gofer.triggers set next_at = null, due_at = null where name = '{trigger}' returning 1) select count(*)::int from stopped");
        await UntilAsync(async () => await cluster.ScalarAsync<long>("select count(*) from gofer.open_trigger_events") == 0);
    }

    public static async Task StopAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("update gofer.triggers set next_at = null, due_at = null");
        await command.ExecuteNonQueryAsync(Ct);
    }

    /// <summary>Returns within some milliseconds of a moment at which the trigger fires, before or after it.</summary>
    public static async Task TickAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("select extract(epoch from date_trunc('second', clock_timestamp()) + interval '1 second' - clock_timestamp())::double precision");
        var left = TimeSpan.FromSeconds((double)(await command.ExecuteScalarAsync(Ct))!) + TimeSpan.FromMilliseconds(Random.Shared.Next(-5, 30));
        if (left > TimeSpan.Zero) await Task.Delay(left, Ct);
    }

    public static void AssertEachSecondOnce(List<TriggerEventView> ledger)
    {
        var times = ledger.Select(e => e.ScheduledFor!.Value).Order().ToList();
        Assert.True(times.Count > 5, $"Only {times.Count} times came.");
        Assert.All(times.Zip(times.Skip(1)), p => Assert.Equal(TimeSpan.FromSeconds(1), p.Second - p.First));
    }

    public static async Task<List<TriggerEventView>> LedgerAsync(GoferCluster cluster, string pipeline)
    {
        var all = new List<TriggerEventView>();
        for (string? cursor = null; ;)
        {
            var page = await cluster.Area.Client.Triggers.ListTriggerEventsAsync("default", pipeline, limit: 500, cursor: cursor, cancellationToken: Ct);
            all.AddRange(page.Items);
            if ((cursor = page.NextCursor) is null) return all;
        }
    }

    public static async Task<IReadOnlyList<RunView>> RunsAsync(GoferCluster cluster) =>
        (await cluster.Area.Client.Runs.ListRunsAsync("default", "p", limit: 500, cancellationToken: Ct)).Items;

    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var patience = Stopwatch.StartNew(); !await holds(); await Task.Delay(50, Ct))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), string.Create(CultureInfo.InvariantCulture, $"It did not come to that in {patience.Elapsed.TotalSeconds:0} s."));
        }
    }
}
