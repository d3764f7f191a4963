using Gofer.Application.Common;
using Gofer.Application.Events;
using Gofer.Application.Logs;
using Gofer.Application.Pipelines;
using Gofer.Application.Queue;
using Gofer.Application.Runs;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
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
        services.AddSingleton(_ => DataSource(connectionString));
        services.AddPooledDbContextFactory<GoferDbContext>((provider, options) => options.UseGofer(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddScoped<IGoferDb>(provider => provider.GetRequiredService<IDbContextFactory<GoferDbContext>>().CreateDbContext());
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        services.AddSingleton<Partitions>();
        services.AddSingleton<Schema>();
        services.AddSingleton<GoferDatabase>();
        services.AddSingleton<Housekeeping>();
        services.AddSingleton<IVersionGraphs, VersionGraphs>();
        services.AddSingleton<ILogStore, LogStore>();
        return services.AddSignals().AddQueue();
    }

    private static IServiceCollection AddSignals(this IServiceCollection services)
    {
        services.AddSingleton<Wakeups>();
        services.AddSingleton<IChanges>(provider => provider.GetRequiredService<Wakeups>());
        services.AddSingleton<Notifier>();
        services.AddHostedService(provider => provider.GetRequiredService<Notifier>());
        services.AddHostedService<Listener>();
        return services;
    }

    private static IServiceCollection AddQueue(this IServiceCollection services)
    {
        services.AddSingleton<EngineTransaction>();
        services.AddSingleton<RunReader>();
        services.AddSingleton<RunCreation>();
        services.AddSingleton<Admission>();
        services.AddSingleton<RunWriter>();
        services.AddSingleton<IRunWriter>(provider => provider.GetRequiredService<RunWriter>());
        services.AddHostedService(provider => provider.GetRequiredService<RunWriter>());
        services.AddSingleton<IWorkQueue, WorkQueue>();
        return services;
    }

    private static NpgsqlDataSource DataSource(string connectionString)
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
        if (settings.CommandTimeout == 30) settings.CommandTimeout = 20;
        return builder.Build();
    }
}
