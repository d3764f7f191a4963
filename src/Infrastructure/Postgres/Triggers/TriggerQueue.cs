using System.Text.Json;
using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <inheritdoc cref="ITriggerQueue"/>
internal sealed class TriggerQueue(NpgsqlDataSource source, EngineTransaction transactions, TriggerTicks ticks, EventDecisions decisions, Notifier notifier) : ITriggerQueue
{
    /// <summary>How soon events are looked at again that wait for a run to end.</summary>
    private static readonly TimeSpan s_waits = TimeSpan.FromMilliseconds(250);

    /// <summary>How soon somebody looks for the ends of runs that triggers follow: nobody tells of those.</summary>
    private static readonly TimeSpan s_follows = TimeSpan.FromSeconds(1);

    /// <summary>One statement, and what follows from it: the event, and that it is open.</summary>
    private const string Insert = """
        with made as (
            insert into gofer.trigger_events (id, namespace_id, pipeline_id, trigger_id, trigger, kind, scheduled_for, actor, headers, body, dedupe_keys, params, version, replay_of)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id, trigger_id)
        insert into gofer.open_trigger_events (event_id, trigger_id) select id, trigger_id from made
        """;

    /// <inheritdoc/>
    public async Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        var due = await ticks.RunAsync(cancellationToken);
        var decided = await decisions.RunAsync(cancellationToken);
        if (due > 0 || decided > 0) return TimeSpan.Zero;
        await using var command = source.CreateCommand(
            """
            select (select extract(epoch from min(due_at) - now())::double precision from gofer.triggers),
                exists (select from gofer.open_trigger_events), exists (select from gofer.triggers where upstream_pipeline is not null)
            """);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        TimeSpan? next = row.Maybe<double>(0) is { } seconds ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null;
        if (row.GetBoolean(2)) next = next < s_follows ? next : s_follows;
        if (row.GetBoolean(1)) next = next < s_waits ? next : s_waits;
        return next;
    }

    /// <inheritdoc/>
    public void Wake() => notifier.Timers();

    /// <inheritdoc/>
    public async Task<Result<CreateAnswer>> AddAsync(NewTriggerEvent added, IdempotencyClaim? claim, StoredAnswer answer, CancellationToken cancellationToken)
    {
        var result = await transactions.RunAsync(
            async (session, token) =>
            {
                if (claim is not null && await IdempotencyKeys.TakeAsync(session, claim, token) is { } earlier) return earlier;
                var writes = new Writes();
                writes.Add(Insert, Parameters(added));
                if (claim is not null) IdempotencyKeys.Keep(writes, [(claim, answer)], []);
                await session.CommitAsync(writes, token);
                return new CreateAnswer(answer, Replayed: false);
            },
            cancellationToken);
        Wake();
        return result;
    }

    /// <inheritdoc/>
    public async Task AddAsync(NewTriggerEvent added, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Insert);
        foreach (var parameter in Parameters(added)) command.Parameters.Add(parameter);
        await command.ExecuteNonQueryAsync(cancellationToken);
        Wake();
    }

    /// <inheritdoc/>
    public async Task<HookTarget?> FindHookAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select t.namespace_id, n.name, t.pipeline_id, p.name, t.id, t.name, t.definition from gofer.triggers t
            join gofer.pipelines p on p.id = t.pipeline_id join gofer.namespaces n on n.id = t.namespace_id where t.hook_hash = $1 and p.deleted_at is null
            """);
        command.Parameters.Add(Sql.P(hash));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new HookTarget(
                new NamespaceId(row.GetGuid(0)), row.GetString(1), new PipelineId(row.GetGuid(2)), row.GetString(3), new Domain.Common.TriggerId(row.GetGuid(4)), row.GetString(5), row.GetString(6))
            : null;
    }

    private static NpgsqlParameter[] Parameters(NewTriggerEvent added) =>
    [
        Sql.P(added.Id), Sql.P(added.Namespace.Value), Sql.P(added.Pipeline.Value), Sql.P(added.Trigger.Value), Sql.P(added.Name), Sql.P(added.Kind),
        Maybe(added.ScheduledFor, NpgsqlDbType.TimestampTz), Maybe(added.Actor, NpgsqlDbType.Text),
        Maybe(added.Headers is null ? null : TextMap.Write(new Dictionary<string, string>(added.Headers)), NpgsqlDbType.Jsonb), Maybe(added.Body, NpgsqlDbType.Bytea),
        Maybe(added.DedupeKeys, NpgsqlDbType.Array | NpgsqlDbType.Text), Maybe(added.Params is null ? null : JsonMap.Write(new Dictionary<string, JsonElement>(added.Params)), NpgsqlDbType.Jsonb),
        Maybe(added.Version, NpgsqlDbType.Integer), Maybe(added.ReplayOf, NpgsqlDbType.Uuid),
    ];

    private static NpgsqlParameter Maybe(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
