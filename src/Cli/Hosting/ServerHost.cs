using System.Net;
using Gofer.Api;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Gofer.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Gofer.Cli.Hosting;

/// <summary>What a server process is made of.</summary>
public sealed record ServerPlan
{
    /// <summary>Settings of file, environment and flags.</summary>
    public required IConfiguration Settings { get; init; }

    /// <summary>The database, in Npgsql's form.</summary>
    public required string Postgres { get; init; }

    /// <summary>Where the API listens; null serves none.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>The worker's scheduler; null works on none.</summary>
    public SchedulerChoice? Scheduler { get; init; }

    /// <summary>Whether the schema is brought up to date first.</summary>
    public bool Migrate { get; init; }

    /// <summary>Whether this is <c>gofer dev</c>: quiet logs for people in place of JSON for machines.</summary>
    public bool Dev { get; init; }
}

/// <summary>A server process: the API, a worker, or both in one host.</summary>
public sealed class ServerHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ServerHost(WebApplication app) => _app = app;

    /// <summary>Where the API answers.</summary>
    public Uri? Url { get; private set; }

    /// <summary>The host's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Opens the database and starts what the plan names; the error says what to do where the schema does not fit.</summary>
    public static async Task<Result<ServerHost>> StartAsync(ServerPlan plan, CancellationToken cancellationToken)
    {
        var app = Build(plan);
        try
        {
            var opened = await app.Services.GetRequiredService<GoferDatabase>().OpenAsync(plan.Migrate, cancellationToken);
            if (!opened.IsOk)
            {
                await app.DisposeAsync();
                return opened.Error;
            }

            if (plan.Listen is not null) app.MapGoferApi();
            await app.StartAsync(cancellationToken);
            var host = new ServerHost(app);
            if (plan.Listen is not null)
            {
                var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
                host.Url = new Uri(address);
            }

            return host;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when the process was asked to stop and everything has stopped.</summary>
    public Task WaitForShutdownAsync() => _app.WaitForShutdownAsync();

    /// <summary>Stops everything; the worker hands its tasks over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Build(ServerPlan plan)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(plan.Settings);
        builder.Configuration.AddInMemoryCollection(
        [
            new($"{ApiOptions.Section}:DevMode", plan.Dev ? "true" : "false"),
            new($"{ApiOptions.Section}:Scheduler", plan.Scheduler?.Kind),
        ]);
        Log(builder.Logging, plan.Dev);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services.AddGoferPostgres(plan.Postgres);
        builder.WebHost.ConfigureKestrel(o =>
        {
            // A worker alone serves nobody; a port of the system's choice on loopback is what the web host needs to start.
            o.Listen(plan.Listen ?? new IPEndPoint(IPAddress.Loopback, 0));
        });
        if (plan.Listen is not null) builder.Services.AddGoferApi();
        if (plan.Scheduler is { } choice)
        {
            builder.Services.AddSingleton<IScheduler>(
                services => choice.Create(services.GetRequiredService<GoferDatabase>().Install, services.GetRequiredService<TimeProvider>()));
            builder.Services.AddGoferWorker();
        }

        return builder.Build();
    }

    private static void Log(ILoggingBuilder logging, bool dev)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Npgsql", LogLevel.Warning);
        if (dev)
        {
            // The terminal is the person's: only what they have to know.
            logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.EntityFrameworkCore", LogLevel.None);
            logging.AddSimpleConsole(o => o.SingleLine = true);
        }
        else
        {
            logging.AddJsonConsole(o => o.UseUtcTimestamp = true);
        }

        logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
