using Gofer.Sdk.Extensions.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gofer.Sdk.Extensions;

/// <summary>Shared tasks that are served.</summary>
public sealed class TaskHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TaskHost(WebApplication app) => _app = app;

    /// <summary>Where they listen.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>Serves tasks at HOST:PORT, such as 0.0.0.0:7445; port 0 is any that is free.</summary>
    public static async Task<TaskHost> StartAsync(IReadOnlyList<GoferTask> tasks, string listen, string token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentException.ThrowIfNullOrEmpty(token);
        var builder = Listening.Builder(listen);
        builder.Services.AddSingleton(_ => new Attempts(tasks, token));
        var app = builder.Build();
        app.MapGrpcService<SharedTaskService>();
        await app.StartAsync(cancellationToken);
        return new TaskHost(app);
    }

    /// <summary>Returns once a signal asked it to end, or the token.</summary>
    public Task EndAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
