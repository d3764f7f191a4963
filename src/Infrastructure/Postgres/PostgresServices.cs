using Gofer.Application.Common;
using Gofer.Application.Events;
using Gofer.Application.Extensions;
using Gofer.Application.Logs;
using Gofer.Application.Objects;
using Gofer.Application.Pipelines;
using Gofer.Application.Queue;
using Gofer.Application.Runs;
using Gofer.Application.Schedulers;
using Gofer.Application.SharedTasks;
using Gofer.Application.Triggers;
using Gofer.Infrastructure.Objects;
using Gofer.Infrastructure.Postgres.Audit;
using Gofer.Infrastructure.Postgres.Extensions;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Infrastructure.Postgres.Triggers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>What Postgres gives to the rest of Gofer.</summary>
public static class PostgresServices
{
    /// <summary>
    /// The context, the engine and the log store over the database of <paramref name="connectionString"/> (Npgsql's form). Nothing
    /// connects before <see cref="GoferDatabase.OpenAsync"/>.
    /// </summary>
    public static IServiceCollection AddGoferPostgres(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton<Preparation>();
        services.AddSingleton(provider => DataSource(connectionString, pooling: null, provider.GetRequiredService<Preparation>()));
        services.AddSingleton(_ => new OwnConnections(connectionString));
        services.AddPooledDbContextFactory<GoferDbContext>((provider, options) => options.UseGofer(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddScoped<IGoferDb>(provider => provider.GetRequiredService<IDbContextFactory<GoferDbContext>>().CreateDbContext());
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        services.AddSingleton<Partitions>();
        services.AddSingleton<Schema>();
        services.AddSingleton(provider => new GoferDatabase(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<Schema>(), provider.GetRequiredService<DatabaseClock>(),
            provider.GetRequiredService<Partitions>(), provider.GetService<KeyProofs>(), provider.GetService<ObjectHome>()));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<IInstall>(provider => provider.GetRequiredService<GoferDatabase>());
        services.AddSingleton<DatabaseWatch>();
        services.AddSingleton<IStoreWatch>(provider => provider.GetRequiredService<DatabaseWatch>());
        services.AddHostedService(provider => provider.GetRequiredService<DatabaseWatch>());
        services.AddSingleton(provider => new Housekeeping(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<Partitions>(), provider.GetRequiredService<ObjectKeeping>(),
            provider.GetRequiredService<IOptions<TriggerOptions>>()));
        services.AddSingleton<IVersionGraphs, VersionGraphs>();
        services.AddSingleton<ISharedTasks, SharedTaskRows>();
        services.AddSingleton<ILogStore, LogStore>();
        services.AddSingleton<ILogSink>(provider => provider.GetRequiredService<ILogStore>());
        return services.AddSignals().AddQueue().AddTriggers().AddObjects();
    }

    private static IServiceCollection AddSignals(this IServiceCollection services)
    {
        services.AddSingleton<Wakeups>();
        services.AddSingleton<IChanges>(provider => provider.GetRequiredService<Wakeups>());
        services.AddSingleton<Notifier>();
        services.AddHostedService(provider => provider.GetRequiredService<Notifier>());
        services.AddSingleton<Listener>();
        services.AddHostedService(provider => provider.GetRequiredService<Listener>());
        services.AddSingleton<IReadiness>(provider => provider.GetRequiredService<Listener>());
        return services;
    }

    private static IServiceCollection AddQueue(this IServiceCollection services)
    {
        services.AddSingleton<LeaseDeadline>();
        services.AddSingleton<EngineTransaction>();
        services.AddSingleton<RunReader>();
        services.TryAddSingleton(Domain.Pipelines.DocumentLimits.Default);
        services.AddSingleton<RunIds>();
        services.AddSingleton<RunCreation>();
        services.AddSingleton<IQueueState, QueueState>();
        services.AddSingleton<ReadyQueue>();
        services.AddSingleton<Admission>();
        services.AddSingleton<Timers>();
        services.AddSingleton<Takeover>();
        services.AddSingleton<RunWriter>();
        services.AddSingleton<IRunWriter>(provider => provider.GetRequiredService<RunWriter>());
        services.AddHostedService(provider => provider.GetRequiredService<RunWriter>());
        services.AddSingleton<IWorkQueue, WorkQueue>();
        return services;
    }

    private static IServiceCollection AddTriggers(this IServiceCollection services)
    {
        services.AddOptions<TriggerOptions>().BindConfiguration(TriggerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TriggerOptions>, TriggerOptionsValidator>();
        services.AddSingleton<TriggerTicks>();
        services.AddSingleton<IBackfillStore, BackfillStore>();
        services.AddSingleton<BackfillSteps>();
        services.AddSingleton<EventDecisions>();
        services.AddSingleton<ITriggerQueue, TriggerQueue>();
        services.AddSingleton<IHookInbox, HookInbox>();
        services.AddSingleton<IExtensionBoard, ExtensionBoard>();
        return services;
    }

    private static IServiceCollection AddObjects(this IServiceCollection services)
    {
        services.AddOptions<ObjectOptions>().BindConfiguration(ObjectOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ObjectOptions>, ObjectOptionsValidator>();
        services.AddSingleton<IObjectStore, PostgresObjectStore>();
        services.AddSingleton<ObjectIndex>();
        services.AddSingleton<IObjectIndex>(provider => provider.GetRequiredService<ObjectIndex>());
        services.AddSingleton<ObjectKeeping>();
        return services;
    }

    /// <summary>Connections of ours to that database, pooled unless the string or <paramref name="pooling"/> says otherwise.</summary>
    internal static NpgsqlDataSource DataSource(string connectionString, bool? pooling, Preparation? preparation = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName ??= "gofer";
        // A connection cut without a word is noticed in seconds, not in the two hours of the system's default.
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = 10;
        settings.TcpKeepAliveInterval = 5;
        // The engine sends hundreds of rows at once, which eight kilobytes at a time would be as many system calls.
        settings.WriteBufferSize = 64 * 1024;
        settings.ReadBufferSize = 32 * 1024;
        if (settings.CommandTimeout == 30) settings.CommandTimeout = (int)LeaseDeadline.Longest.TotalSeconds;
        // Who gives a statement up asks the server to end it, and waits for that answer on the same connection, which may be one that carries nothing.
        if (settings.CancellationTimeout == 2000) settings.CancellationTimeout = 500;
        // Nothing of ours outlives its transaction, so there is nothing to reset; behind a transaction-pooling proxy a reset would meet
        // somebody else's server connection.
        settings.NoResetOnClose = true;
        if (pooling is { } pooled) settings.Pooling = pooled;
        preparation?.Watch(builder);
        return builder.Build();
    }
}
