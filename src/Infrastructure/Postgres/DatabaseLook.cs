using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// A database as somebody finds it who only looks: the version of the <paramref name="Server"/>, and why the schema does not fit this program,
/// or null.
/// </summary>
public sealed record DatabaseLook(Version Server, Error? Misfit)
{
    /// <summary>Looks, and changes nothing.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or does not let this program in.</exception>
    public static async Task<DatabaseLook> AtAsync(string connection, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var opened = await source.OpenConnectionAsync(cancellationToken);
        await using var services = new ServiceCollection().AddLogging(l => l.ClearProviders()).AddGoferPostgres(connection).BuildServiceProvider();
        var fits = await services.GetRequiredService<Schema>().CheckAsync(cancellationToken);
        return new DatabaseLook(opened.PostgreSqlVersion, fits.Error);
    }

    /// <summary>Why those keys are not the install's, or null; null too where the schema is not there to say so.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or does not let this program in.</exception>
    public static async Task<Error?> OnKeysAsync(string connection, KeyRing ring, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        try
        {
            await using var command = source.CreateCommand("select id from gofer.install");
            return await command.ExecuteScalarAsync(cancellationToken) is Guid install
                ? (await new KeyProofs(source, ring, demandsAll: true).LookAsync(install, cancellationToken)).Error
                : null;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return null;
        }
    }

    /// <summary>By how much the database's clock is ahead of this machine's.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or does not let this program in.</exception>
    public static async Task<TimeSpan> AheadAsync(string connection, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("select clock_timestamp()");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!, TimeSpan.Zero) - TimeProvider.System.GetUtcNow();
    }
}
