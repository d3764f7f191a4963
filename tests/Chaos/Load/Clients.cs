using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gofer.Tests.Chaos.Load;

/// <summary>
/// The clients: an open loop that sends each request at its time, whatever became of the others, to any of the APIs. An answer that did not
/// come is indeterminate; a request with a key is sent again, as a careful client does, one without is not.
/// </summary>
internal sealed class Clients(IReadOnlyList<Uri> apis, ClientJournal journal, int seed) : IDisposable
{
    /// <summary>How long an answer is waited for.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);

    /// <summary>How long a request that may be sent again is.</summary>
    private static readonly TimeSpan s_persistence = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2) }) { Timeout = s_patience };
    private readonly Random _random = new(seed);

    /// <summary>Registers every pipeline of the load.</summary>
    public async Task RegisterAsync(string tasks, CancellationToken cancellationToken)
    {
        foreach (var pipeline in ChaosPipeline.All)
        {
            using var body = new StringContent(pipeline.ToJson(tasks), System.Text.Encoding.UTF8, "application/json");
            using var answer = await _http.PutAsync(new Uri(apis[0], $"{Path(pipeline)}?deploy=true"), body, cancellationToken);
            // A document that the server refuses ends the whole run: nothing is left out in silence.
            if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{pipeline.Id}: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    /// <summary>Sends all requests, each at its time; returns when the last of them and its cancel came to an end.</summary>
    public async Task RunAsync(IReadOnlyList<Request> requests, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var all = new List<Task>();
        foreach (var request in requests)
        {
            var wait = request.At - clock.Elapsed;
            if (wait > TimeSpan.Zero) await Task.Delay(wait, cancellationToken);
            all.Add(Task.Run(() => ServeAsync(request, cancellationToken), cancellationToken));
        }

        await Task.WhenAll(all);
    }

    public void Dispose() => _http.Dispose();

    private async Task ServeAsync(Request request, CancellationToken cancellationToken)
    {
        await journal.SendAsync(request);
        if (request.Duplicate)
        {
            var answers = await Task.WhenAll(apis.Select(api => CreateAsync(request, api, cancellationToken)));
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            var later = await CreateAsync(request, Any(), cancellationToken);
            if (answers.Append(later).Count(answered => answered) >= 2) journal.Duplicate();
        }
        else
        {
            await CreateAsync(request, Any(), cancellationToken);
        }

        if (request.CancelAfter is not { } after || !journal.Acknowledged.TryGetValue(request.Id, out var run)) return;
        await Task.Delay(after, cancellationToken);
        await CancelAsync(run, cancellationToken);
    }

    private async Task<bool> CreateAsync(Request request, Uri api, CancellationToken cancellationToken)
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < s_persistence; await Task.Delay(s_pause, cancellationToken))
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(api, $"{Path(request.Pipeline)}/runs"));
            if (request.Key is { } key) message.Headers.Add("Idempotency-Key", key);
            message.Content = JsonContent.Create(new JsonObject
            {
                ["variables"] = new JsonObject
                {
                    ["CHAOS_REQUEST"] = request.Id,
                    ["CHAOS_SECONDS"] = request.Seconds.ToString("0.00", CultureInfo.InvariantCulture),
                },
            });
            if (await SendAsync(message, HttpStatusCode.Created, cancellationToken) is { } run)
            {
                await journal.AcknowledgeAsync(request, run.GetProperty("id").GetGuid(), run.GetProperty("number").GetInt64());
                return true;
            }

            if (request.Key is null) break;
            api = Any();
        }

        return false;
    }

    private async Task CancelAsync(Acknowledged run, CancellationToken cancellationToken)
    {
        await journal.AskCancelAsync(run.Run);
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < s_persistence; await Task.Delay(s_pause, cancellationToken))
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"{Path(run.Request.Pipeline)}/runs/{run.Number}/cancel");
            using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(Any(), path)) { Content = JsonContent.Create(new JsonObject { ["reason"] = "chaos" }) };
            if (await SendAsync(message, HttpStatusCode.OK, cancellationToken) is not null)
            {
                await journal.CancelAsync(run.Run, TimeProvider.System.GetUtcNow());
                return;
            }
        }
    }

    /// <summary>The answer's body; null where there was none, or the server said that it cannot now. Any other answer is a fault of the server.</summary>
    private async Task<JsonElement?> SendAsync(HttpRequestMessage message, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.SendAsync(message, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode == expected) return JsonElement.Parse(text);
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                journal.Contradict($"{message.Method} {message.RequestUri!.AbsolutePath} was answered {(int)answer.StatusCode}: {text}");
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // indeterminate
        }

        return null;
    }

    private Uri Any()
    {
        lock (_random) return apis[_random.Next(apis.Count)];
    }

    private static string Path(ChaosPipeline pipeline) => $"/api/v1/namespaces/default/pipelines/{pipeline.Id}";
}
