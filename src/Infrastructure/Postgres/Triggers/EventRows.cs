using System.Text.Json;
using Gofer.Application.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>How an event that somebody or something sent becomes a row of the ledger.</summary>
internal static class EventRows
{
    /// <summary>One statement, and what follows from it: the event, and that it is open.</summary>
    public const string Insert = """
        with made as (
            insert into gofer.trigger_events (id, namespace_id, pipeline_id, trigger_id, trigger, kind, scheduled_for, actor, headers, body, dedupe_keys, params, version, replay_of)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id, trigger_id)
        insert into gofer.open_trigger_events (event_id, trigger_id) select id, trigger_id from made
        """;

    public static NpgsqlParameter[] Parameters(NewTriggerEvent added) =>
    [
        Sql.P(added.Id), Sql.P(added.Namespace.Value), Sql.P(added.Pipeline.Value), Sql.P(added.Trigger.Value), Sql.P(added.Name), Sql.P(added.Kind),
        Maybe(added.ScheduledFor, NpgsqlDbType.TimestampTz), Maybe(added.Actor, NpgsqlDbType.Text),
        Maybe(added.Headers is null ? null : TextMap.Write(new Dictionary<string, string>(added.Headers)), NpgsqlDbType.Jsonb), Maybe(added.Body, NpgsqlDbType.Bytea),
        Maybe(added.DedupeKeys, NpgsqlDbType.Array | NpgsqlDbType.Text), Maybe(added.Params is null ? null : JsonMap.Write(new Dictionary<string, JsonElement>(added.Params)), NpgsqlDbType.Jsonb),
        Maybe(added.Version, NpgsqlDbType.Integer), Maybe(added.ReplayOf, NpgsqlDbType.Uuid),
    ];

    private static NpgsqlParameter Maybe(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
