using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Lets <c>dotnet ef migrations add</c> build the model; it never connects.</summary>
internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<GoferDbContext>
{
    public GoferDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<GoferDbContext>().UseGofer("Host=127.0.0.1;Database=gofer").Options);
}

/// <summary>How every context of Gofer is configured, whatever makes it.</summary>
internal static class GoferDbContextOptions
{
    /// <summary>Postgres by <paramref name="connectionString"/>, with our names and our schema.</summary>
    public static DbContextOptionsBuilder<GoferDbContext> UseGofer(this DbContextOptionsBuilder<GoferDbContext> builder, string connectionString)
    {
        builder.UseNpgsql(connectionString, Npgsql).UseSnakeCaseNamingConvention();
        return builder;
    }

    /// <inheritdoc cref="UseGofer(DbContextOptionsBuilder{GoferDbContext},string)"/>
    public static DbContextOptionsBuilder UseGofer(this DbContextOptionsBuilder builder, global::Npgsql.NpgsqlDataSource source) =>
        builder.UseNpgsql(source, Npgsql).UseSnakeCaseNamingConvention();

    private static void Npgsql(global::Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.NpgsqlDbContextOptionsBuilder options) =>
        options.MigrationsHistoryTable("migrations", GoferDbContext.Schema).SetPostgresVersion(15, 0);
}
