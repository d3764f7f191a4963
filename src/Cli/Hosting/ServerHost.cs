using System.Net;
using Gofer.Api;
using Gofer.Application.Schedulers;
using Gofer.Cli.Configuration;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Extensions;
using Gofer.Infrastructure.Notifications;
using Gofer.Infrastructure.Outbound;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Gofer.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Gofer.Cli.Hosting;

/// <summary>What a server process is made of.</summary>
public sealed record ServerPlan
{
    /// <summary>Settings of file, environment and flags.</summary>
    public required IConfiguration Settings { get; init; }

    /// <summary>The database, in Npgsql's form.</summary>
    public required string Postgres { get; init; }

    /// <summary>What secrets are sealed with.</summary>
    public required KeyRing Keys { get; init; }

    /// <summary>Where secrets and objects are.</summary>
    public StoreChoices Stores { get; init; } = StoreChoices.InDatabase;

    /// <summary>Where the API listens; null serves none.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>What the API serves HTTPS with; null serves HTTP.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>Where the API listens for the containers of its own machine, beside <see cref="Listen"/>; null where it does not.</summary>
    public IPEndPoint? TaskDoor { get; init; }

    /// <summary>Where tasks reach the API; null where the settings say so, or nobody does.</summary>
    public string? TasksUrl { get; init; }

    /// <summary>Where a worker without API answers its probes; null opens no port.</summary>
    public IPEndPoint? Probes { get; init; }

    /// <summary>The worker's scheduler; null works on none.</summary>
    public SchedulerChoice? Scheduler { get; init; }

    /// <summary>Whether the schema is brought up to date first.</summary>
    public bool Migrate { get; init; }

    /// <summary>Whether the process starts without its database and waits for it, where it is away.</summary>
    public bool Wait { get; init; }

    /// <summary>Whether this is <c>gofer dev</c>: quiet logs for people in place of JSON for machines.</summary>
    public bool Dev { get; init; }
}

/// <summary>A server process: the API, a worker, or both in one host.</summary>
public sealed class ServerHost : IAsyncDisposable
{
    private readonly IHost _app;

    private ServerHost(IHost app, Uri? url) => (_app, Url) = (app, url);

    /// <summary>Where the API, or a worker's probes, answer; null where no port is open.</summary>
    public Uri? Url { get; }

    /// <summary>The host's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Opens the database and starts what the plan names; the error says what to do where the schema does not fit.</summary>
    public static async Task<Result<ServerHost>> StartAsync(ServerPlan plan, CancellationToken cancellationToken)
    {
        var app = Build(plan);
        try
        {
            // The host would judge its options too, but log a stack trace where a sentence is wanted.
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            var opened = plan.Wait
                ? await app.Services.GetRequiredService<DatabaseWatch>().OpenAsync(cancellationToken)
                : await app.Services.GetRequiredService<GoferDatabase>().OpenAsync(plan.Migrate, cancellationToken);
            if (!opened.IsOk)
            {
                await DisposeAsync(app);
                return opened.Error;
            }

            if (app is WebApplication web) Map(web, plan);
            await app.StartAsync(cancellationToken);
            return new ServerHost(app, (app as WebApplication)?.Urls.Select(u => new Uri(u)).First());
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException { InnerException: OptionsValidationException })
        {
            await DisposeAsync(app);
            var failures = e is AggregateException all ? all.InnerExceptions.OfType<OptionsValidationException>() : [(OptionsValidationException)e];
            return Error.Invalid("", string.Join(' ', failures.SelectMany(f => f.Failures)));
        }
        catch
        {
            await DisposeAsync(app);
            throw;
        }
    }

    /// <summary>Cancelled when the process was asked to stop, by Ctrl-C or SIGTERM.</summary>
    public CancellationToken Stopping => _app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    /// <summary>Returns when the process was asked to stop and everything has stopped; the error is that of a database that came and did not fit.</summary>
    public async Task<Result> WaitForShutdownAsync()
    {
        await _app.WaitForShutdownAsync();
        return Services.GetRequiredService<DatabaseWatch>().Failure is { } failure ? failure : Result.Ok;
    }

    /// <summary>Stops everything; the worker hands its tasks over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await DisposeAsync(_app);
    }

    /// <summary>Some services can only be disposed of asynchronously.</summary>
    private static async ValueTask DisposeAsync(IHost app) => await ((IAsyncDisposable)app).DisposeAsync();

    private static IHost Build(ServerPlan plan)
    {
        if ((plan.Listen ?? plan.Probes) is not { } listen)
        {
            var worker = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
            Configure(worker, plan);
            return worker.Build();
        }

        var web = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        web.Configuration.Sources.Clear();
        Configure(web, plan);
        web.WebHost.ConfigureKestrel(o =>
        {
            o.Listen(listen, l => plan.Certificate?.Apply(l));
            if (plan.TaskDoor is { } door) o.Listen(door);
        });
        if (plan.Listen is null) web.Services.AddGoferProbes();
        else web.Services.AddGoferApi();
        return web.Build();
    }

    private static void Map(WebApplication web, ServerPlan plan)
    {
        if (plan.Listen is null) web.MapGoferProbes(web.Services.GetRequiredService<IOptions<WorkerOptions>>().Value.InsecureListen);
        else web.MapGoferApi();
    }

    private static void Configure(IHostApplicationBuilder builder, ServerPlan plan)
    {
        builder.Configuration.AddConfiguration(plan.Settings);
        builder.Configuration.AddInMemoryCollection(
        [
            new($"{ApiOptions.Section}:{nameof(ApiOptions.DevMode)}", plan.Dev ? "true" : "false"),
            new($"{ApiOptions.Section}:{nameof(ApiOptions.Scheduler)}", plan.Scheduler?.Kind),
            new($"{WorkerOptions.Section}:{nameof(WorkerOptions.PublicUrl)}", plan.TasksUrl ?? plan.Settings[SettingTable.PublicUrl.Path]),
        ]);
        Log(builder.Logging, plan.Dev);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services.AddGoferPostgres(plan.Postgres).AddGoferSecrets(plan.Keys, vault: plan.Stores.Secrets.Vault, own: plan.Stores.Secrets.Own).AddGoferOutbound()
            .AddGoferNotifications(ProductVersion.Version, plan.Settings[SettingTable.PublicUrl.Path]);
        plan.Stores.Objects.Apply(builder.Services);
        if (plan.Scheduler is not { } choice) return;
        builder.Services.AddSingleton<IScheduler>(
            services => choice.Create(() => services.GetRequiredService<GoferDatabase>().Install, services.GetRequiredService<TimeProvider>(), true));
        builder.Services.AddGoferWorker().AddGoferNotificationLoop().AddGoferExtensions().AddGoferExtensionLoop();
    }

    private static void Log(ILoggingBuilder logging, bool dev)
    {
        logging.ClearProviders();
        // What EF Core throws is said by whoever catches it, where it is worth saying.
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Npgsql", LogLevel.Warning).AddFilter("Microsoft.EntityFrameworkCore", LogLevel.None);
        if (dev)
        {
            // The terminal is the person's: only what they have to know.
            logging.SetMinimumLevel(LogLevel.Warning);
            logging.AddFilter(typeof(DatabaseWatch).FullName, LogLevel.Information); // whoever reads that it went reads that it came
        }

        if (dev || !Console.IsErrorRedirected)
        {
            // Somebody reads it.
            logging.AddConsole(o => o.FormatterName = LineFormatter.FormatterName).AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        }
        else
        {
            // Of the scopes the trace is wanted: a problem document names it.
            logging.Configure(o => o.ActivityTrackingOptions = ActivityTrackingOptions.TraceId);
            logging.AddJsonConsole(o => (o.UseUtcTimestamp, o.IncludeScopes) = (true, true));
        }

        logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
