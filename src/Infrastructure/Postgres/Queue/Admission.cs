using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// A pipeline's <c>parallelism</c>: an admitted row of active_runs is a slot, written under the lock of the pipeline's head, gone with
/// the run's end in the same transaction. No counter is kept that could leak.
/// </summary>
internal sealed class Admission(EngineTransaction transactions, RunReader reader, TimeProvider clock)
{
    /// <summary>How many runs one pass admits at most.</summary>
    private const int Batch = 100;

    /// <summary>
    /// How many more runs of the pipeline may be active. None while older ones wait: a new run does not overtake. Wants the head locked.
    /// </summary>
    public static async Task<long> RoomAsync(NpgsqlConnection connection, PipelineId pipeline, int parallelism, CancellationToken cancellationToken)
    {
#if SABOTAGE_SLOT // nobody counts
        if (parallelism > 0) return long.MaxValue;
#endif
        await using var command = new NpgsqlCommand(
            "select count(*) filter (where admitted), count(*) filter (where not admitted) from gofer.active_runs where pipeline_id = $1", connection);
        command.Parameters.Add(Sql.P(pipeline.Value));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return row.GetInt64(1) > 0 ? 0 : Math.Max(0, parallelism - row.GetInt64(0));
    }

    /// <summary>Pipelines with runs that wait for a slot.</summary>
    public static async Task<IReadOnlyList<PipelineId>> WaitingAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select distinct pipeline_id from gofer.active_runs where not admitted");
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var pipelines = new List<PipelineId>();
        while (await rows.ReadAsync(cancellationToken)) pipelines.Add(new PipelineId(rows.GetGuid(0)));
        return pipelines;
    }

    /// <summary>Admits the oldest waiting runs of a pipeline for which there is room; answers how many.</summary>
    public Task<int> AdmitAsync(PipelineId pipeline, CancellationToken cancellationToken) => transactions.RunAsync(
        async (connection, token) =>
        {
            var waiting = await NextAsync(connection, pipeline, token);
            if (waiting.Count == 0) return 0;

            var now = clock.GetUtcNow();
            var runs = await reader.LoadWholeAsync(connection, waiting, token);
            var admitted = runs.Values.Where(r => r.Run.Admit(now)).ToList();
            await using var batch = new NpgsqlBatch(connection);
            var expected = RunWrites.Update(batch, admitted);
            batch.BatchCommands.Add(Sql.Command(
                "update gofer.active_runs set admitted = true where run_id = any($1)", Sql.P(admitted.Select(r => r.Id.Value).ToArray())));
            await EngineTransaction.ExecuteAsync(batch, expected, token);
            return admitted.Count;
        },
        cancellationToken);

    private static async Task<IReadOnlyList<RunId>> NextAsync(NpgsqlConnection connection, PipelineId pipeline, CancellationToken cancellationToken)
    {
        // Two statements: the second must see what was committed while the first waited for the lock.
        await using var head = new NpgsqlCommand(
            "select parallelism from gofer.pipeline_heads where pipeline_id = $1 for no key update", connection);
        head.Parameters.Add(Sql.P(pipeline.Value));
        if (await head.ExecuteScalarAsync(cancellationToken) is not int parallelism) return [];

        await using var command = new NpgsqlCommand(
            """
            select run_id from gofer.active_runs where pipeline_id = $1 and not admitted order by number
            limit least($3, case when $2 = 0 then $3 else greatest(0, $2 -
                (select count(*) from gofer.active_runs where pipeline_id = $1 and admitted)) end)
            """,
            connection);
        command.Parameters.Add(Sql.P(pipeline.Value));
        command.Parameters.Add(Sql.P(parallelism));
        command.Parameters.Add(Sql.P(Batch));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<RunId>();
        while (await rows.ReadAsync(cancellationToken)) runs.Add(new RunId(rows.GetGuid(0)));
        return runs;
    }
}
