using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Pipelines;
using Gofer.Infrastructure.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.SharedTasks;

/// <summary>
/// The worker's scheduler, and a way of its own for each attempt that a service runs: an attempt keeps one connection for as long as it is followed, and gives it back.
/// </summary>
internal sealed class TaskSchedulers(IScheduler containers, OutboundConnect connect, TimeProvider clock, CallPatience patience) : ITaskSchedulers
{
    /// <inheritdoc/>
    public TaskScheduling For(ClaimedTask task, Func<ResolvedSecrets> secrets)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.Shared?.Definition is not { Call: { } call } definition) return new TaskScheduling(containers);
        var channel = GrpcChannels.Open(new Uri(call.Endpoint), connect);
        return new TaskScheduling(new CallScheduler(call, definition.Version, Token, channel, clock, patience), channel);

        string? Token() => call.Token is { } token && Interpolation.Parse(token) is { } reference ? secrets().Values.GetValueOrDefault(reference) : null;
    }
}

/// <summary>Shared tasks as workers need them.</summary>
public static class SharedTaskServices
{
    /// <summary>Adds <see cref="ITaskSchedulers"/> to a host that has an <see cref="IScheduler"/>.</summary>
    public static IServiceCollection AddGoferTaskSchedulers(this IServiceCollection services)
    {
        services.AddOptions<OutboundOptions>().BindConfiguration(OutboundOptions.Section);
        return services.AddSingleton<ITaskSchedulers>(provider => new TaskSchedulers(
            provider.GetRequiredService<IScheduler>(), new OutboundConnect(AllowedHosts.Parse(provider.GetRequiredService<IOptions<OutboundOptions>>().Value.Allow).Value),
            provider.GetRequiredService<TimeProvider>(), provider.GetService<CallPatience>() ?? CallPatience.Default));
    }
}
