using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Lets in what waits for room: runs for their pipeline's <c>parallelism</c>, tasks for slots of limits. Called after a commit that may have
/// made room, and by every sweep, so a crash between the two costs a second. An admitted row of active_runs is a slot of its pipeline, written
/// under the lock of the pipeline's head, gone with the run's end in the same transaction.
/// </summary>
internal sealed class Admission(
    EngineTransaction transactions, RunReader reader, Notifier notifier, TimeProvider clock, LeaseDeadline deadline)
{
    /// <summary>How many runs or tasks one pass admits at most.</summary>
    private const int Batch = 100;

    /// <summary>
    /// How many more runs of the pipeline may be active. None while others wait: a new run does not overtake. Wants the head locked.
    /// </summary>
    public static async Task<long> RoomAsync(EngineSession session, PipelineId pipeline, int parallelism, CancellationToken cancellationToken)
    {
#if SABOTAGE_SLOT // nobody counts
        if (parallelism > 0) return long.MaxValue;
#endif
        var count = Sql.Command(
            """
            select case when exists (select from gofer.active_runs where pipeline_id = $1 and not admitted) then 0
                else $2 - (select count(*) from gofer.active_runs where pipeline_id = $1 and admitted) end
            """,
            Sql.P(pipeline.Value), Sql.P((long)parallelism));
        return Math.Max(0, (long)(await session.ScalarAsync(count, cancellationToken))!);
    }

    /// <summary>
    /// After the commit that changed those runs: lets in what waited for the room that their ends made. A crash or an error here costs
    /// nothing, the sweep does it too; and the caller must hear what was committed, whatever comes now.
    /// </summary>
    public async Task AfterAsync(IReadOnlyCollection<LoadedRun> runs, CancellationToken cancellationToken)
    {
        var freed = runs.Where(r => r.Run.State.IsFinal() && r.Graph.Document.Parallelism > 0).Select(r => r.Pipeline).Distinct().ToList();
        try
        {
            foreach (var pipeline in freed) await AdmitAsync(pipeline, cancellationToken);
            if (runs.Any(r => r.Run.Freed.Count > 0)) await PromoteAllAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // the sweep
        }
    }

    /// <summary>Lets in whatever there is room for, everywhere; answers how much.</summary>
    public async Task<int> AdmitAllAsync(CancellationToken cancellationToken)
    {
        var admitted = 0;
        foreach (var pipeline in await ListAsync(
            "select distinct a.pipeline_id from gofer.active_runs a join gofer.pipeline_heads h using (pipeline_id) where not a.admitted and not h.paused",
            row => new PipelineId(row.GetGuid(0)), cancellationToken))
        {
            admitted += await AdmitAsync(pipeline, cancellationToken);
        }

        return admitted + await PromoteAllAsync(cancellationToken);
    }

    /// <summary>Lets in the first waiting runs of a pipeline for which there is room; answers how many.</summary>
    public async Task<int> AdmitAsync(PipelineId pipeline, CancellationToken cancellationToken)
    {
        var all = 0;
        while (true)
        {
            var admitted = await transactions.RunInTimeAsync((session, token) => AdmitAsync(session, pipeline, token), cancellationToken);
            if (admitted == 0) break;
            all += admitted;
            if (admitted < Batch) break;
        }

        if (all > 0) Wake();
        return all;
    }

    /// <summary>Lets in tasks for which their limits have slots now; answers how many.</summary>
    public async Task<int> PromoteAllAsync(CancellationToken cancellationToken)
    {
        var limits = await ListAsync("select distinct limit_id from gofer.held_tasks order by limit_id", row => row.GetInt64(0), cancellationToken);
        var promoted = 0;
        foreach (var limit in limits)
        {
            int step;
            do
            {
                step = await transactions.RunInTimeAsync((session, token) => PromoteAsync(session, limit, token), cancellationToken);
                promoted += step;
            }
            while (step == Batch);
        }

        if (promoted > 0) Wake();
        return promoted;
    }

    private async Task<int> AdmitAsync(EngineSession session, PipelineId pipeline, CancellationToken cancellationToken)
    {
        var waiting = await NextAsync(session, pipeline, cancellationToken);
        if (waiting.Count == 0) return 0;
        var now = clock.GetUtcNow();
        var runs = await reader.LoadWholeAsync(session, waiting, cancellationToken);
        var admitted = runs.Values.Where(r => r.Run.Admit(now)).ToList();
        var gate = await SlotGate.DecideAsync(session, admitted, now, cancellationToken);
        var writes = new Writes();
        RunWrites.Update(writes, admitted);
        gate.Write(writes);
        writes.Add("update gofer.active_runs set admitted = true where run_id = any($1)", Sql.P(admitted.Select(r => r.Id.Value).ToArray()));
        await session.CommitAsync(writes, cancellationToken);
        return admitted.Count;
    }

    private static async Task<IReadOnlyList<RunId>> NextAsync(EngineSession session, PipelineId pipeline, CancellationToken cancellationToken)
    {
        // Two statements: the second must see what was committed while the first waited for the lock.
        var head = Sql.Command(
            "select case when paused then null else parallelism end from gofer.pipeline_heads where pipeline_id = $1 for no key update", Sql.P(pipeline.Value));
        if (await session.ScalarAsync(head, cancellationToken) is not int parallelism) return [];

        var next = Sql.Command(
            """
            select run_id from gofer.active_runs where pipeline_id = $1 and not admitted order by rank, number
            limit least($3, case when $2 = 0 then $3 else greatest(0, $2 -
                (select count(*) from gofer.active_runs where pipeline_id = $1 and admitted)) end)
            """,
            Sql.P(pipeline.Value), Sql.P(parallelism), Sql.P(Batch));
        return await session.ListAsync(next, row => new RunId(row.GetGuid(0)), cancellationToken);
    }

    private async Task<int> PromoteAsync(EngineSession session, long limit, CancellationToken cancellationToken)
    {
        // Read without a lock: what is decided is decided under the locks of the runs and the limits, taken in that order as everywhere.
        var find = Sql.Command(
            """
            select h.run_id, h.task, h.virtual_time from gofer.held_tasks h where h.limit_id = $1 order by h.rank, h.virtual_time, h.seq
            limit least($2, (select case number when 0 then $2 else greatest(0, number - (select count(*) from gofer.slots s where s.limit_id = $1)) end
                from (select case l.kind
                    when 'install' then (select i.task_limit from gofer.install i)
                    when 'namespace' then (select n.task_limit from gofer.namespaces n where n.id = l.namespace_id)
                    else l.number end as number from gofer.limits l where l.id = $1) as n))
            """,
            Sql.P(limit), Sql.P(Batch));
        var held = await session.ListAsync(find, row => (Key: new TaskKey(new RunId(row.GetGuid(0)), row.GetInt32(1)), At: row.GetInt64(2)), cancellationToken);
        if (held.Count == 0) return 0;

        var now = clock.GetUtcNow();
        var runs = await reader.LoadAsync(session, [.. held.Select(h => h.Key.Run).Distinct()], [.. held.Select(h => h.Key)], cancellationToken);
        var places = held.Where(h => runs.ContainsKey(h.Key.Run)).Select(h => new QueuePlace(runs[h.Key.Run], h.Key.Task, h.At)).ToList();
        var gate = await SlotGate.PromoteAsync(session, places, now, cancellationToken);
        var writes = new Writes();
        RunWrites.Update(writes, runs.Values);
        gate.Write(writes);
        await session.CommitAsync(writes, cancellationToken);
        return gate.Granted;
    }

    private Task<List<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) => deadline.AskAsync(
        async (connection, token) =>
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await using var rows = await command.ExecuteReaderAsync(token);
            var list = new List<T>();
            while (await rows.ReadAsync(token)) list.Add(read(rows));
            return list;
        },
        cancellationToken);

    private void Wake()
    {
        notifier.Ready();
        notifier.Changed();
    }
}
