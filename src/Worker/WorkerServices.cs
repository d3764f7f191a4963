using Gofer.Application.Common;
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
        services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<Horizon>();
        services.AddSingleton<Shepherd>();
        services.AddSingleton<LogPump>();
        services.AddSingleton<ContainerSpecs>();
        // Stopped in the reverse order: the engine loop first, which hands the tasks over while the rest still lives.
        return services
            .AddLoop<HousekeepingLoop>()
            .AddLoop<SweepLoop>()
            .AddLoop<TimerLoop>()
            .AddLoop<StopLoop>()
            .AddLoop<HeartbeatLoop>()
            .AddLoop<EngineLoop>();
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
