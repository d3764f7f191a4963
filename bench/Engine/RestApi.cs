using System.Net;
using Gofer.Api;
using Gofer.Infrastructure.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gofer.Bench.Engine;

/// <summary>The REST API in its own host, behind real Kestrel on loopback.</summary>
internal sealed class RestApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RestApi(WebApplication app)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    /// <summary>A client of the API with room for all callers at once.</summary>
    public HttpClient Client { get; }

    public static async Task<RestApi> StartAsync(string database, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0));
        builder.Services.AddGoferPostgres(database).AddGoferApi().Configure<ApiOptions>(o => o.Authentication = Authentication.None);
        var app = builder.Build();
        var opened = await app.Services.GetRequiredService<GoferDatabase>().OpenAsync(migrate: false, cancellationToken);
        if (opened.Error is { } error) throw new InvalidOperationException(error.Message);
        app.MapGoferApi();
        await app.StartAsync(cancellationToken);
        return new RestApi(app);
    }

    /// <summary>Posts and demands 201.</summary>
    public async Task CreateAsync(string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await Client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }

        await answer.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
