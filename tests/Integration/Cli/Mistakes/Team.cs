using System.Text.Json;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>A namespace, <c>team-data</c>, in which somebody works: pipelines that run, wait, have ended, are paused, or never ran.</summary>
public sealed class Team(GoferServer server) : IAsyncLifetime
{
    /// <summary>Its name.</summary>
    public const string Name = "team-data";

    private readonly Area _area = AreaOf(server);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The environment of whoever works there.</summary>
    public IReadOnlyList<(string Key, string Value)> Environment => [("GOFER_SERVER", server.Url.ToString().TrimEnd('/')), ("GOFER_NAMESPACE", Name)];

    /// <summary>The server's address.</summary>
    public Uri Url => server.Url;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await _area.Client.Namespaces.CreateNamespaceAsync(new NewNamespaceBody { Id = Name }, Ct);
        await _area.RegisterAsync(With(
            """
            "params": [
              {"name": "region", "type": "string", "default": "eu", "choices": ["eu", "us"]},
              {"name": "shards", "type": "int", "default": 1},
              {"name": "day", "type": "string"}
            ]
            """,
            Of("nightly", Step("extract", "true"), Step("load", "true", ("extract", "success")))));
        await _area.RegisterAsync(Script("done", "echo done"));
        await _area.EndAsync(await _area.RunAsync("done"));
        await _area.RegisterAsync(Script("done", "echo done again"));
        await _area.RegisterAsync(Script("never", "true"));
        await _area.RegisterAsync(Script("paused", "true"));
        await _area.Client.Pipelines.UpdatePipelineAsync(Name, "paused", new PipelineBody { State = PipelineState.Paused }, Ct);
        await _area.RegisterAsync(Of("slow", Step("extract", "sleep 300"), Step("load", "true", ("extract", "success"))));
        await _area.UntilAsync(await _area.RunAsync("slow"), "extract", TaskState.Running);
        await _area.RegisterAsync(Script("killed", "echo reading 3 of 9 files; sh -c 'kill -9 $$'; exit $?"));
        await _area.RegisterAsync(Of("notool", Step("t", "true").And(""" "command": ["extrct", "--all"] """)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _area.Client.Runs.CancelRunAsync(Name, "slow", "1", new CancelBody(), Ct);
        await _area.EndAsync(new RunView { Pipeline = "slow", Number = 1 });
        _area.Dispose();
    }

    private static Area AreaOf(GoferServer server)
    {
        var http = server.Http();
        return new Area(Name, http, new GoferClient(http));
    }
}
