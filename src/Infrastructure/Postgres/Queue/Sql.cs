using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Small forms that every statement of the engine uses.</summary>
internal static class Sql
{
    /// <summary>
    /// Engine statements go by key, whatever the statistics say: right after a burst of inserts the planner would rather hash a table
    /// whose size it does not know yet, or read the whole of it once and walk through that copy for each key. And a process that vanished or was
    /// paused inside of a transaction keeps its runs locked for a moment, not until TCP gives up: no statement of the engine waits for anybody
    /// but the database. One plan of a prepared statement serves for all keys: a plan for each call costs more than the call.
    /// </summary>
    public const string ByKey =
        """
        select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true),
            set_config('enable_material', 'off', true), set_config('jit', 'off', true), set_config('idle_in_transaction_session_timeout', '1500ms', true),
            set_config('plan_cache_mode', 'force_generic_plan', true), set_config('gofer.taken_runs', '{}', true), set_config('gofer.taken_tasks', '{}', true)
        """;

    public static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    public static NpgsqlParameter P<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    public static NpgsqlParameter Json(string?[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb };

    public static NpgsqlParameter Texts(IEnumerable<string?> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static T? Maybe<T>(this NpgsqlDataReader reader, int ordinal)
        where T : struct => reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<T>(ordinal);

    public static string? Text(this NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
