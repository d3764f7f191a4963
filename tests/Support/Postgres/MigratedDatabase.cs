using Gofer.Infrastructure.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Support.Postgres;

/// <summary>Databases that hold Gofer's schema.</summary>
public static class MigratedDatabase
{
    /// <summary>A database of one's own with the schema as it is now and nothing in it.</summary>
    public static Task<TestDatabase> CreateAsync(CancellationToken cancellationToken) => TestDatabase.CreateAsync(MigrateAsync, cancellationToken);

    private static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection().AddLogging().AddGoferPostgres(connectionString + ";Pooling=false");
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<Schema>().MigrateAsync(cancellationToken);
    }
}
