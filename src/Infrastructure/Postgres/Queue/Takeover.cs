using Gofer.Application.Queue;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// What workers left behind: tasks of leases that ran out, of workers that leave, of claims that were never heard of, of back ends that nobody
/// reaches. Containers are left alone; whoever claims the tasks next finds them.
/// </summary>
internal sealed class Takeover(
    EngineTransaction transactions, RunReader reader, Admission admission, Notifier notifier, TimeProvider clock,
    LeaseDeadline deadline)
{
    /// <summary>What a sweep sees to beside leases that ran out; nearly always nothing.</summary>
    public const string WantsSweep =
        """
        (exists (select from gofer.ready_tasks where backend is not null)
            or exists (select from gofer.active_runs where not admitted)
            or exists (select from gofer.held_tasks)
            or coalesce((select min(rank) <> max(rank) from gofer.ready_tasks), false))
        """;

    /// <summary>As <see cref="IWorkQueue.SweepAsync"/>.</summary>
    public async Task<Swept> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken)
    {
        var moved = 0;
#if SABOTAGE_SWEEP // every worker's lease has run out
        while (await RequeueAsync("true", null, null, "its worker's lease ran out", poisonLimit, cancellationToken) is { } taken) moved += taken;
#endif
        var (isDead, wants) = await deadline.AskAsync(FindAsync, cancellationToken);
        if (!isDead && !wants) return new Swept(moved, false);
        while (await RequeueAsync("lease_until < now()", null, null, "its worker's lease ran out", poisonLimit, cancellationToken) is { } requeued) moved += requeued;
        moved += await LoseAsync(lostAfter, cancellationToken);
        moved += await admission.AdmitAllAsync(cancellationToken);
        await deadline.AskAsync(Ageing.RunAsync, cancellationToken);
        return new Swept(moved, isDead && (await deadline.AskAsync(FindAsync, cancellationToken)).IsDead);
    }

    /// <summary>One statement, no transaction: nearly every sweep finds nothing.</summary>
    private static async Task<(bool IsDead, bool Wants)> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select exists (select from gofer.workers where lease_until < now()), {WantsSweep}", connection);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetBoolean(0), row.GetBoolean(1));
    }

    /// <summary>As <see cref="IWorkQueue.HandOverAsync"/>.</summary>
    public async Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken) =>
        await RequeueAsync("id = $1", worker, null, "its worker left", null, cancellationToken);

    /// <summary>As <see cref="IWorkQueue.ReconcileAsync"/>.</summary>
    public async Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken) =>
        await RequeueAsync("id = $1", worker, known, "its claim was never heard of", null, cancellationToken) ?? 0;

    private static Task<List<TaskKey>> KeysAsync(EngineSession session, NpgsqlBatchCommand command, CancellationToken cancellationToken) =>
        session.ListAsync(command, row => new TaskKey(new RunId(row.GetGuid(0)), row.GetInt32(1)), cancellationToken);

    /// <summary>
    /// One worker's tasks back into the queue, all but <paramref name="keep"/>; without that the worker goes too, in the same
    /// transaction. With a <paramref name="poisonLimit"/> the worker died, and may have died of one of them. Null where no worker matches.
    /// </summary>
    private async Task<int?> RequeueAsync(
        string which, WorkerId? id, IReadOnlyCollection<HeldTask>? keep, string why, int? poisonLimit, CancellationToken cancellationToken)
    {
        // Who leaves has no other time to do it in.
        var runs = keep is null && id is not null
            ? await transactions.RunAsync(PutBackAsync, cancellationToken)
            : await transactions.RunInTimeAsync(PutBackAsync, cancellationToken);
        if (runs is null) return null;
        Wake();
        return runs.Values.Sum(r => r.Run.Enqueued.Count);

        async Task<IReadOnlyDictionary<RunId, LoadedRun>?> PutBackAsync(EngineSession session, CancellationToken token)
        {
            // A sweep leaves a worker that somebody sees to; one that is named is waited for, since what it was last about may not be over.
            var find = Sql.Command($"select id from gofer.workers where {which} limit 1 for update{(id is null ? " skip locked" : "")}");
            if (id is { } named) find.Parameters.Add(Sql.P(named.Value));
            if (await session.ScalarAsync(find, token) is not Guid found) return null;

            var worker = new WorkerId(found);
            var held = Sql.Command(
                """
                select e.run_id, e.task from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id where e.worker_id = $1
                """,
                Sql.P(worker.Value));
            var keys = await KeysAsync(session, held, token);
            var loaded = await reader.LoadAsync(session, [.. keys.Select(k => k.Run).Distinct()], keys, token);
            var now = clock.GetUtcNow();
            foreach (var key in keys)
            {
                if (!loaded.TryGetValue(key.Run, out var run)) continue;
                var fence = run.Run.Tasks[key.Task].Fence;
                if (keep?.Contains(new HeldTask(key.Run, key.Task, fence)) != true) run.Run.Requeue(key.Task, worker, fence, why, poisonLimit is not null, now);
            }

            if (poisonLimit is { } limit) Condemn(keys.Where(k => loaded.ContainsKey(k.Run)).Select(k => (loaded[k.Run].Run, k.Task)), limit, now);

            var writes = new Writes();
            RunWrites.Update(writes, loaded.Values);
            if (keep is null) writes.Add("delete from gofer.workers where id = $1", Sql.P(worker.Value));
            await session.CommitAsync(writes, token);
            return loaded;
        }
    }

    private static void Condemn(IEnumerable<(Run Run, int Task)> held, int limit, DateTimeOffset now)
    {
        foreach (var (run, task) in Poison.Condemned([.. held.Select(h => (h, h.Run.Tasks[h.Task].Deaths))], limit))
        {
            run.Condemn(task, $"{run.Tasks[task].Deaths} workers died while they ran it, and it was what they had in common.", now);
        }
    }

    private async Task<int> LoseAsync(TimeSpan lostAfter, CancellationToken cancellationToken)
    {
        var lost = await transactions.RunInTimeAsync(
            async (session, token) =>
            {
                var find = Sql.Command(
                    """
                    delete from gofer.ready_tasks r using (
                        select q.rank, q.virtual_time, q.seq from gofer.ready_tasks q
                        join gofer.task_executions e on e.run_id = q.run_id and e.task = q.task
                        where q.backend is not null and e.ready_at < now() - $1
                            and not exists (select from gofer.workers w where w.backend = q.backend and w.lease_until > now())
                        limit 100 for update of q skip locked) dead
                    where r.rank = dead.rank and r.virtual_time = dead.virtual_time and r.seq = dead.seq
                    returning r.run_id, r.task
                    """,
                    Sql.P(lostAfter));
                var keys = await KeysAsync(session, find, token);
                if (keys.Count == 0) return [];

                var loaded = await reader.LoadAsync(session, [.. keys.Select(k => k.Run).Distinct()], keys, token);
                var now = clock.GetUtcNow();
                var message = $"No worker reached the back end that ran it for {lostAfter.TotalMinutes:0.#} minutes.";
                foreach (var key in keys)
                {
                    if (loaded.TryGetValue(key.Run, out var run)) run.Run.Lose(key.Task, message, now);
                }

                await RunReader.SupplyAsync(session, loaded.Values, now, token);
                var gate = await SlotGate.DecideAsync(session, loaded.Values, now, token);
                var writes = new Writes();
                RunWrites.Update(writes, loaded.Values);
                gate.Write(writes);
                await session.CommitAsync(writes, token);
                return keys;
            },
            cancellationToken);
        if (lost.Count > 0) Wake();
        return lost.Count;
    }

    private void Wake()
    {
        notifier.Ready();
        notifier.Changed();
    }
}
