using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Gofer.Infrastructure.Postgres.Extensions;
using Gofer.Infrastructure.Postgres.Notifications;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>The queue of ready tasks and the leases of workers in Postgres. What an outcome means, the aggregate says; this locks, loads and writes.</summary>
internal sealed class WorkQueue(
    NpgsqlDataSource source, EngineTransaction transactions, RunReader reader, ReadyQueue ready, Admission admission, Takeover takeover, Timers timers, Notifier notifier, DatabaseClock clock,
    LeaseDeadline deadline) : IWorkQueue
{
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
        deadline.Measure(lease);
        return id;
    }

    /// <inheritdoc/>
    public Task<Renewal?> RenewAsync(WorkerId worker, TimeSpan lease, CancellationToken cancellationToken) =>
        deadline.RenewAsync(lease, (connection, token) => RenewAsync(connection, worker, lease, token), cancellationToken);

    /// <inheritdoc/>
    public async Task<Advance> AdvanceAsync(
        WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit, CancellationToken cancellationToken)
    {
        var (advance, runs) = await transactions.RunInTimeAsync(
            (session, token) => AdvanceAsync(session, worker, backend, reports, claimLimit, token), cancellationToken);
        await TellAsync(runs, cancellationToken);
        return advance;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<HeldTask>> StopsAsync(WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken) =>
        held.Count == 0 ? Task.FromResult<IReadOnlyList<HeldTask>>([]) : deadline.AskAsync((connection, token) => StopsAsync(connection, worker, held, token), cancellationToken);

    /// <inheritdoc/>
    public Task<Swept> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken) =>
        takeover.SweepAsync(lostAfter, poisonLimit, cancellationToken);

    /// <inheritdoc/>
    public Task<(int Fired, TimeSpan? Next)> FireTimersAsync(CancellationToken cancellationToken) => timers.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken) => takeover.HandOverAsync(worker, cancellationToken);

    /// <inheritdoc/>
    public Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken) =>
        takeover.ReconcileAsync(worker, known, cancellationToken);

    private async Task<Renewal?> RenewAsync(NpgsqlConnection connection, WorkerId worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            update gofer.workers set lease_until = now() + $2 where id = $1 and lease_until > now()
            returning clock_timestamp(),
                (select extract(epoch from min(o.lease_until) - now())::double precision from gofer.workers o where o.id <> $1),
                (select extract(epoch from min(t.due_at) - now())::double precision from gofer.timers t),
                exists (select from gofer.ready_tasks), {Takeover.WantsSweep},
                (select extract(epoch from min(t.due_at) - now())::double precision from gofer.triggers t), exists (select from gofer.open_trigger_events)
                    or exists (select from gofer.backfills where ended_at is null),
                {NotificationQueue.Wanted}, {ExtensionBoard.Wanted}
            """,
            connection);
        command.Parameters.Add(Sql.P(worker.Value));
        command.Parameters.Add(Sql.P(lease));
        var sent = Stopwatch.GetTimestamp();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) return null;
        clock.Take(row.GetFieldValue<DateTimeOffset>(0), sent, Stopwatch.GetTimestamp());
        return new Renewal(Seconds(1), Seconds(2), row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(6) ? TimeSpan.Zero : Seconds(5)) { WantsNotifications = row.GetBoolean(7), WantsExtensions = row.GetBoolean(8) };

        TimeSpan? Seconds(int column) => row.Maybe<double>(column) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static async Task<IReadOnlyList<HeldTask>> StopsAsync(
        NpgsqlConnection connection, WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select e.run_id, e.task, e.fence
            from unnest($1, $2) as k (run_id, task)
            join lateral (select * from gofer.task_executions e where e.run_id = k.run_id and e.task = k.task offset 0) e on true
            where e.worker_id = $3 and e.stop_requested_at is not null
            """,
            connection);
        command.Parameters.Add(Sql.P(held.Select(h => h.Run.Value).ToArray()));
        command.Parameters.Add(Sql.P(held.Select(h => h.Task).ToArray()));
        command.Parameters.Add(Sql.P(worker.Value));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var stops = new List<HeldTask>();
        while (await rows.ReadAsync(cancellationToken)) stops.Add(new HeldTask(new RunId(rows.GetGuid(0)), rows.GetInt32(1), rows.GetInt64(2)));
        return stops;
    }

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
            if (run is not null && report.ApplyTo(run, worker, now))
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
            var (where, kind, node) = run.DefinitionOf(task)?.Call is { } call
                ? (TaskCall.Backend, TaskCall.Backend, new Uri(call.Endpoint).Authority)
                : (backend.Identity, backend.Kind, backend.Node);
            if (run.Run.Claim(task, worker, where, kind, node, now)) claims.Add(Claimed(run, run.Run.Tasks[task]));
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
        Definition = run.DefinitionOf(task.Task)?.Apply(run.Graph.Graph.Nodes[task.Task].Definition) ?? run.Graph.Graph.Nodes[task.Task].Definition,
        Shared = run.DefinitionOf(task.Task) is { } shared
            ? new ClaimedSharedTask(shared, TaskInputs.Resolve(shared, run.Graph.Graph.Nodes[task.Task].Definition.With, run.Params))
            : null,
    };

    private static IReadOnlyCollection<RunId> Runs(IEnumerable<TaskKey> keys) => [.. keys.Select(k => k.Run).Distinct()];

    /// <summary>After the commit: wakes followers and claimers, and admits what waited for the slots of runs that ended.</summary>
    private async Task TellAsync(IReadOnlyCollection<LoadedRun> runs, CancellationToken cancellationToken)
    {
        if (runs.Any(r => r.Run.NewEvents.Count > 0)) notifier.Changed();
        if (runs.Any(r => r.Run.Enqueued.Any(t => r.Run.Tasks[t].State == TaskState.Ready))) notifier.Ready();

        await admission.AfterAsync(runs, cancellationToken);
        ready.Tell();
    }
}
