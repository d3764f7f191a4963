using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Tests.Integration.Serving;
using Npgsql;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>
/// Webhooks as fast as they can be sent, while a worker is killed and Postgres stops and starts: what was acknowledged is in the ledger once and comes to a decision.
/// <c>GOFER_TEST_SECONDS</c> says how long, 6 where it says nothing. The rate is printed beside that of bare inserts into the same Postgres.
/// </summary>
public sealed class TriggerLoadTests(ITestOutputHelper output)
{
    private const int Senders = 16;

    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("GOFER_TEST_SECONDS") ?? "6", CultureInfo.InvariantCulture));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_acknowledged_is_in_the_ledger_once_and_is_decided_whatever_dies()
    {
        var root = Directory.CreateTempSubdirectory("gofer-hooks-").FullName;
        try
        {
            using var folder = DataFolder.Open(root).Value;
            var started = await EmbeddedPostgres.StartAsync(folder, new Progress<string>(), Ct);
            await using var postgres = started.IsOk ? started.Value : throw new InvalidOperationException(started.Error.Message);
            await using var cluster = await GoferCluster.StartAsync(postgres.ConnectionString);
            await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
            // Most do not pass the filter: what is measured is the ledger, and not how many containers a machine starts.
            await cluster.Area.RegisterAsync(Documents.Script("p", "true"));
            var made = await cluster.Area.SendAsync(HttpMethod.Post, "pipelines/p/triggers", """{"id":"w","type":"webhook","dedupe":{"pointer":"/id"},"filter":[{"pointer":"/run","equals":true}]}""");
            var hook = made.Json.GetProperty("hook").GetString()!;
            var worker = await cluster.WorkerAsync();
            var (bare, _) = await SendAsync(n => InsertAsync(source, n), null);
            var (undisturbed, took) = await SendAsync(n => HookAsync(cluster.Area, hook, n), null);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{bare.Count / s_length.TotalSeconds:0} bare inserts a second, {undisturbed.Count / s_length.TotalSeconds:0} webhooks a second: {undisturbed.Count / (double)bare.Count:0.00}; acknowledged in {took[took.Count / 2]:0.0} ms (half), {took[took.Count * 99 / 100]:0.0} ms (p99)"));
            var (disturbed, _) = await SendAsync(n => HookAsync(cluster.Area, hook, n), async () =>
            {
                await Task.Delay(s_length / 3, Ct);
                await worker.KillAsync();
                worker = await cluster.WorkerAsync();
                var server = postgres.ProcessId;
                using (var kill = Process.Start("kill", ["-QUIT", server.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(Ct);
                while (postgres.ProcessId == server) await Task.Delay(20, Ct);
            });
            source.Clear(); // its connections were cut
            for (var patience = Stopwatch.StartNew(); await CountAsync(source, "select count(*) from gofer.open_trigger_events") > 0; await Task.Delay(100, Ct))
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3), "Not all is decided.");
            }

            var acknowledged = undisturbed.Concat(disturbed).ToList();
            Assert.Equal(acknowledged.Count, acknowledged.Distinct().Count());
            var ledger = new Dictionary<Guid, (string Decision, long? Run)>();
            await using (var all = source.CreateCommand("select id, decision, run from gofer.trigger_events"))
            await using (var rows = await all.ExecuteReaderAsync(Ct))
            {
                while (await rows.ReadAsync(Ct)) ledger.Add(rows.GetGuid(0), (rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetInt64(2)));
            }

            Assert.All(acknowledged, id => Assert.True(ledger.ContainsKey(id), $"{id} was acknowledged and is not in the ledger."));
            var runs = ledger.Values.Where(e => e.Decision == "ran").Select(e => e.Run!.Value).Order().ToList();
            Assert.Equal(Enumerable.Range(1, runs.Count).Select(n => (long)n), runs);
            Assert.Equal(runs.Count, await CountAsync(source, "select count(*) from gofer.runs"));
            output.WriteLine($"{acknowledged.Count} acknowledged, {ledger.Count} in the ledger ({string.Join(", ", ledger.Values.GroupBy(e => e.Decision).Select(g => $"{g.Key} {g.Count()}"))})");
            Assert.True(disturbed.Count > 0 && runs.Count > 0, "Nothing was sent, or nothing ran.");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Sends from many places at once for as long as the test takes; what was acknowledged, and how long each took.</summary>
    private static async Task<(List<Guid> Acknowledged, List<double> Took)> SendAsync(Func<long, Task<Guid?>> send, Func<Task>? meanwhile)
    {
        var (done, took, number) = (new ConcurrentBag<Guid>(), new ConcurrentBag<double>(), 0L);
        var length = Stopwatch.StartNew();
        var disturbance = meanwhile?.Invoke() ?? Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(
            async () =>
            {
                while (length.Elapsed < s_length || !disturbance.IsCompleted)
                {
                    var began = Stopwatch.GetTimestamp();
                    if (await send(Interlocked.Increment(ref number)) is not { } id) continue;
                    done.Add(id);
                    took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            },
            Ct)));
        await disturbance;
        return ([.. done], [.. took.Order()]);
    }

    /// <summary>A row as large as an event's, committed by itself.</summary>
    private static async Task<Guid?> InsertAsync(NpgsqlDataSource source, long number)
    {
        var id = Guid.CreateVersion7();
        await using var command = source.CreateCommand("insert into gofer.trigger_keys (trigger_id, key, event_id, expires_at) values ($1, $2, $1, now() + interval '1 day')");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = number.ToString(CultureInfo.InvariantCulture) });
        await command.ExecuteNonQueryAsync(Ct);
        return id;
    }

    private static async Task<Guid?> HookAsync(Area area, string hook, long number)
    {
        try
        {
            var sent = await area.SendAsync(HttpMethod.Post, hook, string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{number}}-{{Guid.CreateVersion7()}}","run":{{(number % 500 == 0 ? "true" : "false")}}}"""));
            if (sent.Status == HttpStatusCode.Accepted) return sent.Json.GetProperty("id").GetGuid();
            Assert.True((int)sent.Status == 503, sent.ToString());
        }
        catch (HttpRequestException)
        {
            // not acknowledged
        }

        return null;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
