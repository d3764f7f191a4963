using System.Diagnostics;
using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Startup;

/// <summary>The probes of a process, as an orchestrator asks them.</summary>
internal sealed class Probes(Uri url) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Those of a worker that said where they are.</summary>
    public static async Task<Probes> OfAsync(GoferProcess worker)
    {
        var url = new Uri((await worker.SaysAsync("/healthz and /readyz answer at")).Split(' ')[^1].Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal));
        return new Probes(url);
    }

    public async Task<HttpStatusCode> StatusAsync(string path, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = host;
        using var answer = await _http.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    /// <summary>What <c>/readyz</c> says; that its status says the same is asserted.</summary>
    public async Task<ReadinessView> ReadyAsync()
    {
        using var answer = await _http.GetAsync(new Uri("/readyz", UriKind.Relative), Ct);
        var view = System.Text.Json.JsonSerializer.Deserialize<ReadinessView>(await answer.Content.ReadAsStringAsync(Ct), System.Text.Json.JsonSerializerOptions.Web)!;
        Assert.Equal(view.Ready ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        return view;
    }

    public Task UntilReadyAsync() => UntilAsync(v => v.Ready);

    public async Task UntilAsync(Func<ReadinessView, bool> wanted)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var view = await ReadyAsync();
            if (wanted(view)) return;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), string.Join(", ", view.Checks));
        }
    }

    public void Dispose() => _http.Dispose();
}
