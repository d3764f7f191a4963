using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Gofer.Application.Schedulers;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;

namespace Gofer.Bench.Measurements;

/// <summary>
/// A year's backfill of a daily trigger beside live runs that come at a steady rate: how long the live ones wait while it goes on, and while it is paused. The two alternate in blocks, so
/// that what the machine does meanwhile falls on both; each of three ratios is of two blocks of either kind. A day takes a second.
/// </summary>
internal sealed class Backfills : IMeasurement
{
    private const int Ratios = 3;
    private const int BlocksOfARatio = 2;
    private const string Pipeline = "/api/v1/namespaces/default/pipelines/past";

    private static readonly TimeSpan s_day = TimeSpan.FromSeconds(1);

    private static readonly Line s_half = new("pickup of live runs beside a year's backfill, p50", "ms", "while it is paused", Goal.None);
    private static readonly Line s_most = new("pickup of live runs beside a year's backfill, p90", "ms", "while it is paused", new Goal.RatioAtMost(1.2));
    private static readonly Line s_worst = new("pickup of live runs beside a year's backfill, p99", "ms", "while it is paused", new Goal.RatioAtMost(1.2));
    private static readonly Line s_days = new("days of it in the time", "", "", Goal.None);

    public string Name => "backfill";

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (seconds, rate) = (round.Pick(10, 2), round.Pick(120, 50));
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        var live = await install.RegisterAsync(Dag.One, cancellationToken, "live");
        await install.RegisterAsync(Dag.One, cancellationToken, "past");
        var claims = new Claims<string>();
        var scheduler = new NoOpScheduler
        {
            Lasts = spec => spec.Labels[ContainerLabels.Pipeline] == "past" ? s_day : TimeSpan.Zero,
            Started = spec => claims.Claimed(spec.Labels[ContainerLabels.RunId]),
        };
        await install.AddWorkerAsync(scheduler, cancellationToken);
        await using var api = await RestApi.StartAsync(install.Install.ConnectionString, cancellationToken);
        await api.CreateAsync($"{Pipeline}/triggers", """{"id":"daily","type":"cron","expression":"0 0 * * *"}""", cancellationToken);
        await LoadAsync(seconds); // what is compiled and planned at the first use

        var path = $"{Pipeline}/backfills/{await BeginAsync(api, cancellationToken)}";
        var made = 0;
        for (var ratio = 0; ratio < Ratios; ratio++)
        {
            List<double> beside = [], alone = [];
            for (var block = 0; block < BlocksOfARatio; block++)
            {
                beside.AddRange(await LoadAsync(seconds));
                made = await TurnAsync(api, path, paused: true, cancellationToken);
                // Its days that run are let end.
                await Task.Delay(s_day + s_day, cancellationToken);
                alone.AddRange(await LoadAsync(seconds));
                await TurnAsync(api, path, paused: false, cancellationToken);
                await Task.Delay(s_day, cancellationToken);
            }

            round.Report.Add(s_half, Report.Percentile(beside, 0.5), Report.Percentile(alone, 0.5));
            round.Report.Add(s_most, Report.Percentile(beside, 0.9), Report.Percentile(alone, 0.9));
            round.Report.Add(s_worst, Report.Percentile(beside, 0.99), Report.Percentile(alone, 0.99));
        }

        if (made == 0) throw new InvalidOperationException("Nothing of the backfill was made, so nothing was measured.");
        round.Report.Add(s_days, made);
        await AskAsync(api, HttpMethod.Post, $"{path}/cancel", "", cancellationToken);

        // An open loop, one run an order: what is due by the clock is created, however long the earlier ones take.
        async Task<List<double>> LoadAsync(int length)
        {
            claims = new Claims<string>();
            var (created, total) = (0, rate * length);
            for (var clock = Stopwatch.StartNew(); created < total;)
            {
                if (clock.Elapsed.TotalSeconds * rate < created)
                {
                    await Task.Delay(1, cancellationToken);
                    continue;
                }

                claims.Created((await install.CreateAsync(live, 1, cancellationToken)).Select(r => r.ToString()));
                created++;
            }

            // Every one of them counts: who waits longest comes last.
            var waits = claims.Waits();
            for (var patience = Stopwatch.StartNew(); waits.Count < total; waits = claims.Waits())
            {
                if (patience.Elapsed > TimeSpan.FromMinutes(1)) throw new InvalidOperationException($"{waits.Count} live runs of {total} were taken.");
                await Task.Delay(10, cancellationToken);
            }

            return waits;
        }
    }

    /// <summary>Answers its id.</summary>
    private static async Task<string> BeginAsync(RestApi api, CancellationToken cancellationToken)
    {
        const string Year = """{"from":"2025-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}""";
        return (await AskAsync(api, HttpMethod.Post, $"{Pipeline}/triggers/daily/backfills", Year, cancellationToken)).GetProperty("id").GetString()!;
    }

    /// <summary>Pauses or resumes it, and answers how many of its days have come.</summary>
    private static async Task<int> TurnAsync(RestApi api, string path, bool paused, CancellationToken cancellationToken)
    {
        var backfill = await AskAsync(api, HttpMethod.Patch, path, paused ? """{"paused":true}""" : """{"paused":false}""", cancellationToken);
        var (made, total) = (backfill.GetProperty("made").GetInt32(), backfill.GetProperty("total").GetInt32());
        return made < total ? made : throw new InvalidOperationException("The backfill came to its end before the time did, so what was measured beside it was nothing.");
    }

    private static async Task<JsonElement> AskAsync(RestApi api, HttpMethod method, string path, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body.Length > 0) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await api.Client.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonElement.Parse(text)
            : throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {text}");
    }
}
