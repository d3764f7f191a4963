using Gofer.Application.Common;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Infrastructure.SharedTasks;
using Gofer.Worker.Extensions;
using Gofer.Worker.Local;
using Gofer.Worker.Loops;
using Gofer.Worker.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Gofer.Worker;

/// <summary>A worker in a host that has <c>AddGoferPostgres</c> and an <see cref="Application.Schedulers.IScheduler"/>.</summary>
public static class WorkerServices
{
    /// <summary>The worker's loops and what they share.</summary>
    public static IServiceCollection AddGoferWorker(this IServiceCollection services)
    {
        services.AddShepherd();
        services.AddGoferTaskSchedulers();
        services.AddSingleton<Sessions>();
        services.AddSingleton<Horizon>();
        // Stopped in the reverse order: the engine loop first, which hands the tasks over while the rest still lives.
        return services
            .AddLoop<HousekeepingLoop>()
            .AddLoop<SweepLoop>()
            .AddLoop<TimerLoop>()
            .AddLoop<TriggerLoop>()
            .AddLoop<StopLoop>()
            .AddLoop<HeartbeatLoop>()
            .AddLoop<EngineLoop>();
    }

    /// <summary>The loop that sees to extensions, for a host that has the worker, secrets and <c>AddGoferExtensions</c>.</summary>
    public static IServiceCollection AddGoferExtensionLoop(this IServiceCollection services)
    {
        services.AddSingleton<ExtensionTools>();
        return services.AddLoop<ExtensionLoop>();
    }

    /// <summary>The loop that tells of runs, for a host that has the worker and <c>AddGoferNotifications</c>.</summary>
    public static IServiceCollection AddGoferNotificationLoop(this IServiceCollection services) => services.AddLoop<NotificationLoop>();

    /// <summary>
    /// One <see cref="LocalRun"/> without a server, for a collection that has its <see cref="LocalOrder"/>, an
    /// <see cref="Application.Schedulers.IScheduler"/>, an <see cref="ILocalWatcher"/> and the configuration. <see cref="LocalInstall"/> is the
    /// install of its containers.
    /// </summary>
    public static IServiceCollection AddGoferLocalRun(this IServiceCollection services)
    {
        services.AddShepherd();
        services.AddSingleton<ITaskSchedulers, OneScheduler>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<LocalInstall>();
        services.AddSingleton<IInstall>(provider => provider.GetRequiredService<LocalInstall>());
        services.AddSingleton<LocalStore>();
        services.AddSingleton<ILogSink>(provider => provider.GetRequiredService<LocalStore>());
        services.AddSingleton<IStoreWatch>(provider => provider.GetRequiredService<LocalStore>());
        services.AddSingleton<ITaskSecrets, LocalSecrets>();
        return services.AddSingleton(provider => new LocalRun(
            provider.GetRequiredService<LocalOrder>(), provider.GetRequiredService<IScheduler>(), provider.GetRequiredService<Shepherd>(),
            provider.GetRequiredService<LocalStore>(), provider.GetRequiredService<ILocalWatcher>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<WorkerOptions>>()));
    }

    /// <summary>What follows one attempt from its claim to its end, wherever the state is kept.</summary>
    private static void AddShepherd(this IServiceCollection services)
    {
        services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>();
        services.AddSingleton<Shepherd>();
        services.AddSingleton<LogPump>();
        services.AddSingleton<ContainerSpecs>();
    }

    private static IServiceCollection AddLoop<TLoop>(this IServiceCollection services)
        where TLoop : Loop
    {
        services.AddSingleton<TLoop>();
        services.AddSingleton<IReadiness>(provider => provider.GetRequiredService<TLoop>());
        services.AddHostedService(provider => provider.GetRequiredService<TLoop>());
        return services;
    }
}
