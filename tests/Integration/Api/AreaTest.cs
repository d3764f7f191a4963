using System.Globalization;
using System.Text;
using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Api;

/// <summary>A test over HTTP in a namespace of its own.</summary>
public abstract class AreaTest(GoferServer server) : IAsyncLifetime
{
    private protected Area Area { get; private set; } = null!;

    private protected GoferServer Server => server;

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Area.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Creates a run with that body.</summary>
    private protected async Task<RunView> RunAsync(string pipeline, string body)
    {
        var made = await Area.SendAsync(HttpMethod.Post, $"pipelines/{pipeline}/runs", body);
        Assert.Equal(201, (int)made.Status);
        return JsonSerializer.Deserialize<RunView>(made.Body)!;
    }

    /// <summary>Cancels runs and waits for their ends, so that no process of the test is left.</summary>
    private protected async Task CancelAsync(params RunView[] runs)
    {
        foreach (var run in runs) await Area.SendAsync(HttpMethod.Post, $"pipelines/{run.Pipeline}/runs/{run.Number}/cancel");
        foreach (var run in runs) await Area.EndAsync(run);
    }

    private protected async Task<RunView> ReadAsync(RunView run) =>
        await Area.Client.Runs.GetRunAsync(Area.Name, run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), Ct);

    private protected async Task<string> TextAsync(RunView run, string task = "t", string query = "") =>
        Encoding.UTF8.GetString(await Area.LogAsync(run, task, query));

    /// <summary>The whys of a run.</summary>
    private protected async Task<IReadOnlyList<WhyView>> ExplainAsync(RunView run) =>
        (await Area.Client.Runs.ExplainRunAsync(Area.Name, run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), Ct)).Items;
}
