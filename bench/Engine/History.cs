using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Bench.Engine;

/// <summary>Finished runs of ten tasks, written by SQL into the tables that hold the live ones: executions, an event and a log chunk of each.</summary>
internal static class History
{
    private const long Chunk = 1_000_000;

    public static async Task WriteAsync(GoferInstall install, long executions, CancellationToken cancellationToken)
    {
        var pipeline = await install.RegisterAsync(Dag.Ten, cancellationToken, "history");
        for (var from = 0L; from < executions / 10; from += Chunk / 10)
        {
            var to = Math.Min(from + (Chunk / 10), executions / 10);
            foreach (var sql in s_inserts) await ExecuteAsync(install.Source, sql, pipeline, from, to, executions / 10, cancellationToken);
            Console.Error.WriteLine($"  history: {to * 10:#,0} executions");
        }

        // What autovacuum would do in the middle of a measurement.
        foreach (var table in s_tables) await ExecuteAsync(install.Source, $"vacuum analyze {table}", cancellationToken);
        await ExecuteAsync(install.Source, "checkpoint", cancellationToken);
    }

    private static async Task ExecuteAsync(
        NpgsqlDataSource source, string sql, (NamespaceId Namespace, PipelineId Pipeline) pipeline, long from, long to, long all, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = pipeline.Namespace.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = pipeline.Pipeline.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = all });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ids as the engine makes them: time in front, spread from last week's Monday to an hour ago.</summary>
    private const string Runs = """
        with bounds as (
            select extract(epoch from date_trunc('week', now() at time zone 'UTC') - interval '7 days') * 1000 as first, extract(epoch from now() - interval '1 hour') * 1000 as last),
        past as (
            select g, (lpad(to_hex((first + (last - first) * g / $5)::bigint), 12, '0') || '7' || substr(md5(g::text), 1, 3) || '8' || substr(md5(g::text), 4, 15))::uuid as id,
                to_timestamp((first + (last - first) * g / $5) / 1000) as at, $1::uuid as namespace, $2::uuid as pipeline
            from bounds, generate_series($3 + 1, $4) g)
        """;

    private static readonly string[] s_tables = ["gofer.runs", "gofer.run_numbers", "gofer.task_executions", "gofer.event_packs", "gofer.log_chunks"];

    private static readonly string[] s_inserts =
    [
        $"""
        {Runs}
        insert into gofer.runs (id, namespace_id, pipeline_id, number, version, version_reason, state, trigger, variables, labels, open, event_seq, created_at, started_at, ended_at)
        select id, namespace, pipeline, g, 1, 'live', 'succeeded', 'manual', '{"{}"}', '{"{}"}', 0, 10, at, at, at from past
        """,
        $"{Runs} insert into gofer.run_numbers (pipeline_id, number, run_id) select pipeline, g, id from past",
        $"""
        {Runs}
        insert into gofer.task_executions (run_id, task, state, attempt, fence, open_parents, backend, scheduler, node, exit_code, ready_at, started_at, ended_at)
        select id, task, 'succeeded', 1, 1, 0, 'no-op', 'no-op', 'somewhere', 0, at, at, at from past, generate_series(0, 9) task
        """,
        $$"""
        {{Runs}}
        insert into gofer.event_packs (run_id, last_seq, first_seq, at, items)
        select id, task + 1, task + 1, at, format('[["task.succeeded",%s,1]]', task) from past, generate_series(0, 9) task
        """,
        $"""
        {Runs}
        insert into gofer.log_chunks (run_id, task, attempt, seq, stream, stream_end, first_piece, last_piece, compressed, bytes)
        select id, task, 1, 1, 1, 5, 1, 1, false, 'done' from past, generate_series(0, 9) task
        """,
    ];
}
