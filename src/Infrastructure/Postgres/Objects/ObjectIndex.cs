using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Domain.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// Objects as rows, and as garbage the bytes that none of them has. An id stands in one of the two tables from before its first byte to after its
/// last, and goes from one to the other in one transaction; who deletes bytes dooms their row of garbage first, so nobody makes them an
/// object's any more.
/// </summary>
internal sealed class ObjectIndex(NpgsqlDataSource source, IObjectStore store) : IObjectIndex
{
    /// <summary>How long an upload may say nothing of itself before it is given up.</summary>
    private static readonly TimeSpan s_uploads = TimeSpan.FromHours(1);

    /// <summary>How long bytes stay that were replaced, for whoever reads them at that moment.</summary>
    private static readonly TimeSpan s_readers = TimeSpan.FromHours(1);

    /// <summary>When bytes are looked at again whose deletion failed, or may have come before the last of them.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(10);

    private const string GivenUp = "The upload stood still for an hour and was given up. Send it again.";

    private const string Columns = "key, size, sha256, created_at, updated_at, blob";

    /// <inheritdoc/>
    public async Task<ObjectInfo?> FindAsync(ObjectScope scope, string key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select {Columns} from gofer.objects where owner = $1 and key = $2");
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(key));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? Info(row) : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ObjectInfo>> ListAsync(ObjectScope scope, string after, int take, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select {Columns} from gofer.objects where owner = $1 and key > $2 order by key limit $3");
        command.Parameters.Add(Sql.P(scope.Owner));
        command.Parameters.Add(Sql.P(after));
        command.Parameters.Add(Sql.P(take));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var objects = new List<ObjectInfo>();
        while (await row.ReadAsync(cancellationToken)) objects.Add(Info(row));
        return objects;
    }

    /// <inheritdoc/>
    public async Task<BlobId> ReserveAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "insert into gofer.object_garbage (blob, due_at, doomed) values (gen_random_uuid(), now() + $1, false) returning blob");
        command.Parameters.Add(Sql.P(s_uploads));
        return new BlobId((Guid)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <inheritdoc/>
    public async Task RenewAsync(BlobId blob, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update gofer.object_garbage set due_at = now() + $2 where blob = $1 and not doomed");
        command.Parameters.Add(Sql.P(blob.Value));
        command.Parameters.Add(Sql.P(s_uploads));
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0) throw new StoreUnavailableException(GivenUp);
    }

    /// <inheritdoc/>
    public async Task<Result<CommittedObject>> CommitAsync(
        ObjectScope scope, string key, UploadedObject uploaded, ObjectCondition condition, int most, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var present = await LockedAsync(connection, transaction, scope, key, cancellationToken);
        if (condition.Refuse(present) is { } refused) return refused;

        // Where somebody deletes them or did, the bytes are no object any more.
        await using var taken = new NpgsqlCommand("delete from gofer.object_garbage where blob = $1 and not doomed", connection, transaction);
        taken.Parameters.Add(Sql.P(uploaded.Blob.Value));
        if (await taken.ExecuteNonQueryAsync(cancellationToken) == 0) return new Error(ErrorKind.Unavailable, ErrorCodes.StoreUnavailable, GivenUp);

        await using var write = new NpgsqlCommand(
            $"""
            insert into gofer.objects (owner, key, kind, pipeline_id, run_number, blob, size, sha256, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())
            on conflict (owner, key) do update set blob = excluded.blob, size = excluded.size, sha256 = excluded.sha256, updated_at = now()
            returning {Columns}
            """,
            connection, transaction);
        write.Parameters.Add(Sql.P(scope.Owner));
        write.Parameters.Add(Sql.P(key));
        write.Parameters.Add(Sql.P(scope.Kind));
        write.Parameters.Add(Sql.P(scope.Pipeline.Value));
        write.Parameters.Add(new NpgsqlParameter { Value = scope.Run ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        write.Parameters.Add(Sql.P(uploaded.Blob.Value));
        write.Parameters.Add(Sql.P(uploaded.Size));
        write.Parameters.Add(Sql.P(uploaded.Sha256));
        ObjectInfo info;
        await using (var row = await write.ExecuteReaderAsync(cancellationToken))
        {
            await row.ReadAsync(cancellationToken);
            info = Info(row);
        }

        var evicted = await EvictAsync(connection, transaction, scope, key, most, present?.Blob, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CommittedObject(info, present is null, evicted);
    }

    /// <inheritdoc/>
    public async Task<Result<bool>> DeleteAsync(ObjectScope scope, string key, ObjectCondition condition, CancellationToken cancellationToken)
    {
        ObjectInfo? present;
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            present = await LockedAsync(connection, transaction, scope, key, cancellationToken);
            if (present is null) return false;
            if (condition.Refuse(present) is { } refused) return refused;
            await using var delete = new NpgsqlCommand(
                """
                with gone as (delete from gofer.objects where owner = $1 and key = $2 returning blob)
                insert into gofer.object_garbage (blob, due_at, doomed) select blob, now() + $3, true from gone
                """,
                connection, transaction);
            delete.Parameters.Add(Sql.P(scope.Owner));
            delete.Parameters.Add(Sql.P(key));
            delete.Parameters.Add(Sql.P(s_again));
            await delete.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        try
        {
            await store.DeleteAsync(present.Blob, cancellationToken);
            await ForgetAsync(present.Blob, cancellationToken);
        }
#pragma warning disable CA1031
        catch
#pragma warning restore CA1031
        {
            // It is no object any more, which is what was asked for; housekeeping deletes its bytes once that is possible.
        }

        return true;
    }

    /// <inheritdoc/>
    public async Task DiscardAsync(BlobId blob, CancellationToken cancellationToken)
    {
        // Noted anew where somebody collected it meanwhile; and looked at once more, for a piece that is still on its way to the store.
        await using var command = source.CreateCommand(
            """
            insert into gofer.object_garbage (blob, due_at, doomed) values ($1, now() + $2, true)
            on conflict (blob) do update set due_at = excluded.due_at, doomed = true
            """);
        command.Parameters.Add(Sql.P(blob.Value));
        command.Parameters.Add(Sql.P(s_again));
        await command.ExecuteNonQueryAsync(cancellationToken);
        await store.DeleteAsync(blob, cancellationToken);
    }

    /// <summary>
    /// Takes a piece of garbage that is due, for as long as it may take to delete it: another one comes before this where that fails. Null where there is
    /// none.
    /// </summary>
    internal async Task<BlobId?> TakeDueAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            update gofer.object_garbage g set doomed = true, due_at = now() + $1 from (
                select blob from gofer.object_garbage where due_at <= now() order by due_at limit 1 for update skip locked) due
            where g.blob = due.blob returning g.blob
            """);
        command.Parameters.Add(Sql.P(s_again));
        return await command.ExecuteScalarAsync(cancellationToken) is Guid blob ? new BlobId(blob) : null;
    }

    /// <summary>Its bytes are deleted.</summary>
    internal async Task ForgetAsync(BlobId blob, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from gofer.object_garbage where blob = $1 and doomed");
        command.Parameters.Add(Sql.P(blob.Value));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What is there. Writers of one scope go one after the other: what one of them finds is so until it commits, and none is one too many.</summary>
    private static async Task<ObjectInfo?> LockedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, ObjectScope scope, string key, CancellationToken cancellationToken)
    {
        await using var wait = new NpgsqlCommand("select pg_advisory_xact_lock(hashtext('gofer.objects'), hashtext($1::text))", connection, transaction);
        wait.Parameters.Add(Sql.P(scope.Owner));
        await wait.ExecuteNonQueryAsync(cancellationToken);
        await using var find = new NpgsqlCommand($"select {Columns} from gofer.objects where owner = $1 and key = $2", connection, transaction);
        find.Parameters.Add(Sql.P(scope.Owner));
        find.Parameters.Add(Sql.P(key));
        await using var row = await find.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? Info(row) : null;
    }

    /// <summary>Takes the oldest out of a scope that has more than it may; they and what was replaced are garbage once nobody reads them.</summary>
    private static async Task<IReadOnlyList<string>> EvictAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, ObjectScope scope, string key, int most, BlobId? replaced, CancellationToken cancellationToken)
    {
        await using var evict = new NpgsqlCommand(
            """
            with old as (
                select o.key, o.updated_at from gofer.objects o where o.owner = $1 and o.key <> $2
                order by o.updated_at desc, o.key offset greatest($3 - 1, 0)),
            gone as (delete from gofer.objects o using old where o.owner = $1 and o.key = old.key returning o.key, o.blob, o.updated_at),
            kept as (
                insert into gofer.object_garbage (blob, due_at, doomed)
                select blob, now() + $4, true from gone union all select b, now() + $4, true from unnest($5) b on conflict do nothing)
            select key from gone order by updated_at, key
            """,
            connection, transaction);
        evict.Parameters.Add(Sql.P(scope.Owner));
        evict.Parameters.Add(Sql.P(key));
        evict.Parameters.Add(Sql.P(most));
        evict.Parameters.Add(Sql.P(s_readers));
        evict.Parameters.Add(Sql.P(replaced is { } blob ? [blob.Value] : Array.Empty<Guid>()));
        await using var row = await evict.ExecuteReaderAsync(cancellationToken);
        var keys = new List<string>();
        while (await row.ReadAsync(cancellationToken)) keys.Add(row.GetString(0));
        return keys;
    }

    private static ObjectInfo Info(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4),
        new BlobId(row.GetGuid(5)));
}
