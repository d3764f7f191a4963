using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>The queue of ready tasks and the leases of workers in Postgres. What an outcome means, the aggregate says; this locks, loads and writes.</summary>
internal sealed class WorkQueue(
    NpgsqlDataSource source, EngineTransaction transactions, RunReader reader, ReadyQueue ready, Admission admission, Timers timers, Notifier notifier, DatabaseClock clock) : IWorkQueue
{
    /// <summary>What a sweep sees to beside leases that ran out; nearly always nothing.</summary>
    private const string WantsSweep =
        """
        (exists (select from gofer.ready_tasks where backend is not null)
            or exists (select from gofer.active_runs where not admitted)
            or exists (select from gofer.held_tasks)
            or coalesce((select min(rank) <> max(rank) from gofer.ready_tasks), false))
        """;

    /// <inheritdoc/>
    public async Task<WorkerId> RegisterAsync(string name, Backend backend, TimeSpan lease, CancellationToken cancellationToken)
    {
        var id = new WorkerId(Guid.CreateVersion7(clock.GetUtcNow()));
        await using var command = source.CreateCommand(
            "insert into gofer.workers (id, name, scheduler, backend, node, lease_until) values ($1, $2, $3, $4, $5, now() + $6)");
        command.Parameters.Add(Sql.P(id.Value));
        command.Parameters.Add(Sql.P(name));
        command.Parameters.Add(Sql.P(backend.Kind));
        command.Parameters.Add(Sql.P(backend.Identity));
        command.Parameters.Add(Sql.P(backend.Node));
        command.Parameters.Add(Sql.P(lease));
        await command.ExecuteNonQueryAsync(cancellationToken);
        return id;
    }

    /// <inheritdoc/>
    public async Task<Renewal?> RenewAsync(WorkerId worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            update gofer.workers set lease_until = now() + $2 where id = $1 and lease_until > now()
            returning clock_timestamp(),
                (select extract(epoch from min(o.lease_until) - now())::double precision from gofer.workers o where o.id <> $1),
                (select extract(epoch from min(t.due_at) - now())::double precision from gofer.timers t),
                exists (select from gofer.ready_tasks), {WantsSweep}
            """);
        // On a connection that carries nothing any more it is given up while there is time to renew on another.
        command.CommandTimeout = Math.Max(1, (int)(lease / 3).TotalSeconds);
        command.Parameters.Add(Sql.P(worker.Value));
        command.Parameters.Add(Sql.P(lease));
        var sent = Stopwatch.GetTimestamp();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) return null;
        clock.Take(row.GetFieldValue<DateTimeOffset>(0), sent, Stopwatch.GetTimestamp());
        return new Renewal(Seconds(1), Seconds(2), row.GetBoolean(3), row.GetBoolean(4));

        TimeSpan? Seconds(int column) => row.Maybe<double>(column) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <inheritdoc/>
    public async Task<Advance> AdvanceAsync(
        WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit, CancellationToken cancellationToken)
    {
        var (advance, runs) = await transactions.RunAsync(
            (session, token) => AdvanceAsync(session, worker, backend, reports, claimLimit, token), cancellationToken);
        await TellAsync(runs, cancellationToken);
        return advance;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HeldTask>> StopsAsync(WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken)
    {
        if (held.Count == 0) return [];
        await using var command = source.CreateCommand(
            """
            select e.run_id, e.task, e.fence
            from unnest($1, $2) as k (run_id, task)
            join lateral (select * from gofer.task_executions e where e.run_id = k.run_id and e.task = k.task offset 0) e on true
            where e.worker_id = $3 and e.stop_requested_at is not null
            """);
        command.Parameters.Add(Sql.P(held.Select(h => h.Run.Value).ToArray()));
        command.Parameters.Add(Sql.P(held.Select(h => h.Task).ToArray()));
        command.Parameters.Add(Sql.P(worker.Value));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var stops = new List<HeldTask>();
        while (await rows.ReadAsync(cancellationToken)) stops.Add(new HeldTask(new RunId(rows.GetGuid(0)), rows.GetInt32(1), rows.GetInt64(2)));
        return stops;
    }

    /// <inheritdoc/>
    public async Task<int> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken)
    {
        var moved = 0;
#if SABOTAGE_SWEEP // every worker's lease has run out
        while (await RequeueAsync("true", null, null, "its worker's lease ran out", poisonLimit, cancellationToken) is { } taken) moved += taken;
#endif
        if (!await AnythingToSweepAsync(cancellationToken)) return moved;
        while (await RequeueAsync("lease_until < now()", null, null, "its worker's lease ran out", poisonLimit, cancellationToken) is { } requeued) moved += requeued;
        moved += await LoseAsync(lostAfter, cancellationToken);
        moved += await admission.AdmitAllAsync(cancellationToken);
        await Ageing.RunAsync(source, cancellationToken);
        return moved;
    }

    /// <summary>One statement, no transaction: nearly every sweep finds nothing.</summary>
    private async Task<bool> AnythingToSweepAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select exists (select from gofer.workers where lease_until < now()) or {WantsSweep}");
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <inheritdoc/>
    public Task<(int Fired, TimeSpan? Next)> FireTimersAsync(CancellationToken cancellationToken) => timers.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken) =>
        await RequeueAsync("id = $1", worker, null, "its worker left", null, cancellationToken);

    /// <inheritdoc/>
    public async Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken) =>
        await RequeueAsync("id = $1", worker, known, "its claim was never heard of", null, cancellationToken) ?? 0;

    private async Task<(Advance Advance, IReadOnlyCollection<LoadedRun> Runs)> AdvanceAsync(
        EngineSession session, WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit,
        CancellationToken cancellationToken)
    {
        // The lock keeps a sweep from judging the worker while the transaction writes under its lease.
        var demand = Sql.Command("select lease_until > now() from gofer.workers where id = $1 for key share", Sql.P(worker.Value));
#if SABOTAGE_FENCE
        demand = Sql.Command("select true");
#endif
        var reached = reports.SelectMany(Reached).Distinct().ToList();
        var loaded = await reader.TakeAsync(session, demand, ready, backend.Identity, claimLimit, reached, cancellationToken) ?? throw new LeaseLostException();
        var (taken, runs) = loaded;
        var cameUpShort = taken.Count < claimLimit;
        if (reached.Count + taken.Count == 0) return (new Advance([], new Dictionary<HeldTask, bool>(), cameUpShort), []);

        var now = clock.GetUtcNow();
        var refused = new Dictionary<HeldTask, bool>();
        var tails = new List<PackedChunk>();
        foreach (var report in reports)
        {
            var (held, run) = (report.Held, runs.GetValueOrDefault(report.Held.Run)?.Run);
            if (run is not null && Apply(run, worker, report, now))
            {
                if (report is TaskReport.Ended { Tail.Count: > 0 } ended) tails.AddRange(PackedChunk.Of(held.Run, ended.Tail));
                continue;
            }

            // A report is sent again where its answer was lost, and what came true before changes nothing: only a task that is gone counts.
            if (run is null || !run.Tasks[held.Task].IsHeldBy(worker, held.Fence)) refused[held] = run?.Tasks[held.Task].State.IsFinal() ?? true;
        }

        await RunReader.SupplyAsync(session, runs.Values, now, cancellationToken);
        var gate = await SlotGate.DecideAsync(session, runs.Values, now, cancellationToken);

        var claims = new List<ClaimedTask>();
        foreach (var key in taken)
        {
            if (runs.TryGetValue(key.Run, out var run)) Claim(run, key.Task);
        }

        // Children of what just ended are taken at once where the queue had nothing better: a hop costs one commit.
        foreach (var run in runs.Values)
        {
            foreach (var task in run.Run.Enqueued.ToList())
            {
                if (claims.Count < claimLimit && cameUpShort) Claim(run, task);
            }
        }

        var writes = new Writes();
        RunWrites.Update(writes, runs.Values);
        gate.Write(writes);
        LogAppender.Write(writes, tails);
        await session.CommitAsync(writes, cancellationToken);
        return (new Advance(claims, refused, cameUpShort), runs.Values);

        void Claim(LoadedRun run, int task)
        {
            // A row whose task was cancelled meanwhile is simply gone.
            if (run.Run.Claim(task, worker, backend.Identity, backend.Kind, backend.Node, now)) claims.Add(Claimed(run, run.Run.Tasks[task]));
#if SABOTAGE_CHILDREN // started while the claim, and the parents' ends before it, may still be rolled back
            if (claims.Count > 0 && claims[^1].Held.Task == task && claims[^1].Held.Run == run.Id) EarlyStarts.Taken.Value?.Invoke(claims[^1]);
#endif
        }
    }

    /// <summary>The task of a report, and those that its end may release.</summary>
    private static IEnumerable<TaskKey> Reached(TaskReport report)
    {
        yield return new TaskKey(report.Held.Run, report.Held.Task);
        if (report is not TaskReport.Ended ended) yield break;
        foreach (var child in ended.Children) yield return new TaskKey(report.Held.Run, child);
    }

    private static bool Apply(Run run, WorkerId worker, TaskReport report, DateTimeOffset now) => report switch
    {
        TaskReport.Progress progress => run.Progress(report.Held.Task, worker, report.Held.Fence, progress.Message),
        TaskReport.Started started => run.Start(report.Held.Task, worker, report.Held.Fence, started.StartedAt, started.ImageDigest, now),
        TaskReport.Ended ended => run.Complete(report.Held.Task, worker, report.Held.Fence, ended.Outcome, now),
        _ => throw new InvalidOperationException($"Unknown report {report}."),
    };

    private static ClaimedTask Claimed(LoadedRun run, TaskExecution task) => new()
    {
        Held = new HeldTask(run.Id, task.Task, task.Fence),
        Attempt = task.Attempt,
        WasStarted = task.StartedAt is not null,
        StopRequested = task.StopRequestedAt is not null,
        Namespace = run.Graph.Namespace,
        Pipeline = run.Graph.Document.Id,
        RunNumber = run.Number,
        Version = run.Version,
        RunVariables = run.Variables,
        Parameters = run.Params,
        Matrix = run.Graph.Graph.Nodes[task.Task].Matrix,
        Children = run.Graph.Graph.ChildrenOf(task.Task),
        TaskId = run.Graph.Graph.Nodes[task.Task].Id,
        Definition = run.Graph.Graph.Nodes[task.Task].Definition,
    };

    private static IReadOnlyCollection<RunId> Runs(IEnumerable<TaskKey> keys) => [.. keys.Select(k => k.Run).Distinct()];

    private static Task<List<TaskKey>> KeysAsync(EngineSession session, NpgsqlBatchCommand command, CancellationToken cancellationToken) =>
        session.ListAsync(command, row => new TaskKey(new RunId(row.GetGuid(0)), row.GetInt32(1)), cancellationToken);

    /// <summary>
    /// One worker's tasks back into the queue, all but <paramref name="keep"/>; without that the worker goes too, in the same
    /// transaction. With a <paramref name="poisonLimit"/> the worker died, and may have died of one of them. Null where no worker matches.
    /// </summary>
    private async Task<int?> RequeueAsync(
        string which, WorkerId? id, IReadOnlyCollection<HeldTask>? keep, string why, int? poisonLimit, CancellationToken cancellationToken)
    {
        var runs = await transactions.RunAsync(
            async (session, token) =>
            {
                var find = Sql.Command($"select id from gofer.workers where {which} limit 1 for update skip locked");
                if (id is { } named) find.Parameters.Add(Sql.P(named.Value));
                if (await session.ScalarAsync(find, token) is not Guid found) return null;

                var worker = new WorkerId(found);
                var held = Sql.Command(
                    """
                    select e.run_id, e.task from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id where e.worker_id = $1
                    """,
                    Sql.P(worker.Value));
                var keys = await KeysAsync(session, held, token);
                var loaded = await reader.LoadAsync(session, Runs(keys), keys, token);
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
            },
            cancellationToken);
        if (runs is null) return null;
        Wake();
        return runs.Values.Sum(r => r.Run.Enqueued.Count);
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
        var lost = await transactions.RunAsync(
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

                var loaded = await reader.LoadAsync(session, Runs(keys), keys, token);
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

    /// <summary>After the commit: wakes followers and claimers, and admits what waited for the slots of runs that ended.</summary>
    private async Task TellAsync(IReadOnlyCollection<LoadedRun> runs, CancellationToken cancellationToken)
    {
        if (runs.Any(r => r.Run.NewEvents.Count > 0)) notifier.Changed();
        if (runs.Any(r => r.Run.Enqueued.Any(t => r.Run.Tasks[t].State == TaskState.Ready))) notifier.Ready();

        await admission.AfterAsync(runs, cancellationToken);
        ready.Tell();
    }

    private void Wake()
    {
        notifier.Ready();
        notifier.Changed();
    }
}
