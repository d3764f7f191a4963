using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Domain.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// Objects as rows, and as garbage the bytes that none of them has. An id stands in one of the two tables from before its first byte to after its
/// last, and goes from one to the other in one transaction; who deletes bytes holds their row of garbage meanwhile, so nobody makes them an
/// object's at the same moment.
/// </summary>
internal sealed class ObjectIndex(NpgsqlDataSource source, IObjectStore store) : IObjectIndex
{
    /// <summary>How long an upload may say nothing of itself before it is given up.</summary>
    private static readonly TimeSpan s_uploads = TimeSpan.FromHours(1);

    /// <summary>How long bytes stay that were replaced, for whoever reads them at that moment.</summary>
    private static readonly TimeSpan s_readers = TimeSpan.FromMinutes(1);

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
        await using var command = source.CreateCommand("insert into gofer.object_garbage (blob, due_at) values (gen_random_uuid(), now() + $1) returning blob");
        command.Parameters.Add(Sql.P(s_uploads));
        return new BlobId((Guid)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <inheritdoc/>
    public async Task RenewAsync(BlobId blob, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update gofer.object_garbage set due_at = now() + $2 where blob = $1");
        command.Parameters.Add(Sql.P(blob.Value));
        command.Parameters.Add(Sql.P(s_uploads));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<CommittedObject>> CommitAsync(
        ObjectScope scope, string key, UploadedObject uploaded, ObjectCondition condition, int most, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var present = await LockedAsync(connection, transaction, scope, key, cancellationToken);
        if (condition.Refuse(present) is { } refused) return refused;

        // Where it was collected meanwhile, the bytes are gone.
        await using var taken = new NpgsqlCommand("delete from gofer.object_garbage where blob = $1", connection, transaction);
        taken.Parameters.Add(Sql.P(uploaded.Blob.Value));
        if (await taken.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return new Error(ErrorKind.Unavailable, ErrorCodes.StoreUnavailable, "The upload stood still for an hour and was given up. Send it again.");
        }

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
                insert into gofer.object_garbage (blob, due_at) select blob, now() from gone
                """,
                connection, transaction);
            delete.Parameters.Add(Sql.P(scope.Owner));
            delete.Parameters.Add(Sql.P(key));
            await delete.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        try
        {
            await DiscardAsync(present.Blob, cancellationToken);
        }
        catch (Application.Common.StoreUnavailableException)
        {
            // It is no object any more, which is what was asked for; housekeeping deletes its bytes once the store answers.
        }

        return true;
    }

    /// <inheritdoc/>
    public Task DiscardAsync(BlobId blob, CancellationToken cancellationToken) =>
        DiscardAsync("where blob = $1 for update", Sql.P(blob.Value), cancellationToken);

    /// <summary>Deletes the bytes of one piece of garbage that is due; false where there is none.</summary>
    internal Task<bool> CollectAsync(CancellationToken cancellationToken) =>
        DiscardAsync("where due_at <= now() order by due_at limit $1 for update skip locked", Sql.P(1), cancellationToken);

    private async Task<bool> DiscardAsync(string which, NpgsqlParameter parameter, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var find = new NpgsqlCommand($"select blob from gofer.object_garbage {which}", connection, transaction);
        find.Parameters.Add(parameter);
        if (await find.ExecuteScalarAsync(cancellationToken) is not Guid blob) return false;
        await store.DeleteAsync(new BlobId(blob), cancellationToken);
        await using var delete = new NpgsqlCommand("delete from gofer.object_garbage where blob = $1", connection, transaction);
        delete.Parameters.Add(Sql.P(blob));
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
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
                insert into gofer.object_garbage (blob, due_at)
                select blob, now() + $4 from gone union all select b, now() + $4 from unnest($5) b)
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
