using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Audit;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <inheritdoc cref="IBackfillStore"/>
internal sealed class BackfillStore(EngineTransaction transactions) : IBackfillStore
{
    /// <inheritdoc/>
    public Task<Result<CreateAnswer>> AddAsync(
        Backfill backfill, IReadOnlyList<DateTimeOffset> times, AuditEntry entry, IdempotencyClaim? claim, StoredAnswer answer, CancellationToken cancellationToken) => transactions.RunAsync(
        async (session, token) =>
        {
            if (claim is not null && await IdempotencyKeys.TakeAsync(session, claim, token) is { } earlier) return earlier;
            // Under the head's lock: no two of them are the last that there may be, and none comes to a pipeline or a trigger that is being deleted.
            var heads = await CreationHead.LockAsync(session, [backfill.PipelineId], token);
            if (!heads.TryGetValue(backfill.PipelineId, out var head) || head.Deleted)
            {
                return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
            }

            var (isThere, active) = (await session.ListAsync(
                Sql.Command(
                    "select exists (select from gofer.triggers where id = $1), (select count(*)::int from gofer.backfills where ended_at is null and pipeline_id = $2)",
                    Sql.P(backfill.TriggerId.Value), Sql.P(backfill.PipelineId.Value)),
                row => (row.GetBoolean(0), row.GetInt32(1)), token)).Single();
            if (!isThere) return new Error(ErrorKind.NotFound, ErrorCodes.TriggerNotFound, "The trigger was deleted.");
            if (active >= Backfill.MaxActive)
            {
                return Error.Invalid("", $"The pipeline has {active} backfills that have not ended, and {Backfill.MaxActive} are the most. Wait for one, or cancel it.");
            }

            var writes = new Writes();
            writes.Add(
                """
                insert into gofer.backfills (id, namespace_id, pipeline_id, trigger_id, trigger, state, "from", "to", "limit", parallel, reverse, version, params, times, total,
                    actor, created_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                """,
                Sql.P(backfill.Id.Value), Sql.P(backfill.NamespaceId.Value), Sql.P(backfill.PipelineId.Value), Sql.P(backfill.TriggerId.Value), Sql.P(backfill.Trigger),
                Sql.P(StateText.Of(backfill.State)), Sql.P(backfill.From), Sql.P(backfill.To), Maybe(backfill.Limit, NpgsqlDbType.Integer), Sql.P(backfill.Parallel),
                Sql.P(backfill.Reverse), Maybe(backfill.Version, NpgsqlDbType.Integer), Maybe(backfill.Params is null ? null : JsonMap.Write(backfill.Params), NpgsqlDbType.Jsonb),
                Sql.P(times.ToArray()), Sql.P(times.Count), Maybe(backfill.Actor, NpgsqlDbType.Text), Sql.P(backfill.CreatedAt));
            writes.Add(AuditLog.Insert(entry));
            if (claim is not null) IdempotencyKeys.Keep(writes, [(claim, answer)], []);
            // A crash before the commit leaves nothing, and the caller, who got no answer, may repeat the request under its key.
            await session.CommitAsync(writes, token);
            return (Result<CreateAnswer>)new CreateAnswer(answer, Replayed: false);
        },
        cancellationToken);

    private static NpgsqlParameter Maybe(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
