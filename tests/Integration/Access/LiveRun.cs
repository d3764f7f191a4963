using System.Net;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>A run that goes on until this is disposed of, with the token that its task has, and an object <c>k</c>.</summary>
internal sealed class LiveRun : IAsyncDisposable
{
    /// <summary>Its pipeline, whose only run it is.</summary>
    public const string Pipeline = "live";

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-live-").FullName;
    private readonly SecuredServer _secured;
    private readonly string _home;

    private LiveRun(SecuredServer secured, string home) => (_secured, _home) = (secured, home);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The token of its task.</summary>
    public string Token { get; private set; } = "";

    public static async Task<LiveRun> StartAsync(SecuredServer secured, string @namespace)
    {
        var live = new LiveRun(secured, $"/api/v1/namespaces/{@namespace}/pipelines/{Pipeline}");
        await live.StartAsync();
        return live;
    }

    public async ValueTask DisposeAsync()
    {
        // A cancelled run is cancelled once its task has ended; the follower waits for that.
        await _secured.SendAsync(_secured.Admin, HttpMethod.Delete, $"{_home}?force=true");
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync()
    {
        var kept = Path.Combine(_folder, "token");
        var task = Step("t", $"printf %s \"$GOFER_API_TOKEN\" >{kept}.new; mv {kept}.new {kept}; while [ -e {kept} ]; do sleep 0.1; done").And(""" "inject_api_token":true """);
        await DoneAsync(HttpMethod.Put, $"{_home}?deploy=true", Of(Pipeline, task));
        await DoneAsync(HttpMethod.Post, $"{_home}/runs");
        while (!File.Exists(kept)) await Task.Delay(20, Ct);
        Token = await File.ReadAllTextAsync(kept, Ct);
        await DoneAsync(HttpMethod.Put, $"{_home}/runs/1/objects/k", "bytes");
    }

    private async Task DoneAsync(HttpMethod method, string path, string? body = null)
    {
        var done = await _secured.SendAsync(_secured.Admin, method, path, body);
        Assert.True(done.Status is HttpStatusCode.Created or HttpStatusCode.OK, $"{method} {path}: {done}");
    }
}
