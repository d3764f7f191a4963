using Gofer.Sdk.Extensions.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gofer.Sdk.Extensions;

/// <summary>An extension that is served.</summary>
public sealed class ExtensionHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ExtensionHost(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>Serves an extension at HOST:PORT, such as 0.0.0.0:7777; port 0 is any that is free.</summary>
    public static async Task<ExtensionHost> StartAsync(GoferExtension extension, string listen, string token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(extension);
        ArgumentException.ThrowIfNullOrEmpty(token);
        var builder = Listening.Builder(listen);
        builder.Services.AddSingleton(extension).AddSingleton(new Credentials(token)).AddSingleton<Outbox>().AddSingleton<Feeds>();
        var app = builder.Build();
        app.MapGrpcService<ExtensionService>();
        app.MapGrpcService<HealthService>();
        await app.StartAsync(cancellationToken);
        return new ExtensionHost(app);
    }

    /// <summary>Returns once Gofer or a signal asked it to end, or the token.</summary>
    public Task EndAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
