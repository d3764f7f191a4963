using Gofer.Domain.Common;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Brings the schema up to date and judges whether this program may run on it. Migrations only add within a minor version, so a
/// program runs on a schema that is one minor version ahead, but never on one behind its own.
/// </summary>
public sealed class Schema(IDbContextFactory<GoferDbContext> contexts, Partitions partitions)
{
    /// <summary>The minor version of the product to which this program's migrations belong.</summary>
    public static readonly Version Release = new(0, 1);

    /// <summary>Applies what is missing and makes partitions ahead; answers the names of the migrations applied. Safe to call at once from many places.</summary>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count > 0)
        {
            await context.Database.MigrateAsync(cancellationToken);
            await context.Database.ExecuteSqlAsync(
                $"""
                insert into gofer.schema_releases (major, minor) values ({Release.Major}, {Release.Minor})
                on conflict do nothing
                """,
                cancellationToken);
        }

        await partitions.EnsureAsync(cancellationToken);
        return pending;
    }

    /// <summary>Done where this program may run on the schema that is there; else the error that says which command helps.</summary>
    public async Task<Result> CheckAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count > 0) return Behind(pending.Count);

        var releases = await context.Database
            .SqlQuery<string>($"select major || '.' || minor as \"Value\" from gofer.schema_releases").ToListAsync(cancellationToken);
        var newest = releases.Select(Version.Parse).Max();
        return newest is not null && (newest.Major != Release.Major || newest.Minor > Release.Minor + 1) ? Ahead(newest) : Result.Ok;
    }

    private static Error Behind(int pending) => new(
        ErrorKind.Unavailable, "schema_behind",
        $"The database's schema is {pending} migration{(pending == 1 ? "" : "s")} behind this program. Run 'gofer migrate' with the same --postgres first.");

    private static Error Ahead(Version newest) => new(
        ErrorKind.Unavailable, "schema_ahead",
        $"The database's schema is of Gofer {newest}, too far ahead of this program ({Release}). Upgrade this program.");
}
