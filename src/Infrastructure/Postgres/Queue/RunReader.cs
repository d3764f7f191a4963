using Gofer.Application.Pipelines;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Loads runs for change: their rows locked in the order of their ids, so that no two transactions wait for each other.</summary>
internal sealed class RunReader(IVersionGraphs versions, ISharedTasks shared)
{
    private const string Columns =
        """
        select r.id, r.namespace_id, r.pipeline_id, r.number, r.version, r.variables, r.params, r.priority, r.state, r.reason, r.message, r.open,
            r.first_failed, r.first_cancelled, r.event_seq, r.started_at, r.ended_at, r.cancel_requested_at, r.cancel_reason, r.cancel_message,
            (select n.task_limit from gofer.namespaces n where n.id = r.namespace_id), (select i.task_limit from gofer.install i), r.shared_tasks
        """;

    private const string Lock = $"{Columns} from gofer.runs r where r.id = any($1) order by r.id for no key update of r";

    /// <summary>Those of <see cref="ReadyQueue"/> too.</summary>
    private const string LockTaken =
        $"{Columns} from gofer.runs r where r.id = any($1 || current_setting('gofer.taken_runs')::uuid[]) order by r.id for no key update of r";

    private static readonly string s_tasks = $"select {TaskColumns.Names} from unnest($1, $2) as k (run_id, task) join gofer.task_executions e using (run_id, task)";

    private static readonly string s_tasksTaken =
        $"""
        select {TaskColumns.Names} from (
            select distinct * from unnest($1 || current_setting('gofer.taken_runs')::uuid[], $2 || current_setting('gofer.taken_tasks')::integer[])
                as k (run_id, task)) k
        join gofer.task_executions e using (run_id, task)
        """;

    /// <summary>
    /// Takes tasks from the queue, if the worker may, and locks and loads their runs with those of <paramref name="tasks"/>, all in one round
    /// trip. Each statement sees what was committed while the one before it waited for its locks. Null where <paramref name="demand"/>, which
    /// is asked first, does not answer true.
    /// </summary>
    public async Task<(List<TaskKey> Taken, SortedDictionary<RunId, LoadedRun> Runs)?> TakeAsync(
        EngineSession session, NpgsqlBatchCommand demand, ReadyQueue queue, string backend, int limit, IReadOnlyCollection<TaskKey> tasks,
        CancellationToken cancellationToken)
    {
        var look = queue.Look(backend, limit);
        List<TaskKey> taken;
        List<Header> headers;
        ILookup<RunId, TaskExecution> executions;
        await using (var reader = await session.ReadAsync(
            cancellationToken,
            [
                demand,
                .. look.Statements,
                Sql.Command(LockTaken, Ordered([.. tasks.Select(t => t.Run).Distinct()])),
                Sql.Command(s_tasksTaken, Sql.P(tasks.Select(k => k.Run.Value).ToArray()), Sql.P(tasks.Select(k => k.Task).ToArray())),
            ]))
        {
            var allowed = await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0);
            await reader.NextResultAsync(cancellationToken);
            taken = await queue.ReadAsync(look, reader, cancellationToken);
            headers = await ReadHeadersAsync(reader, tasks.Count + taken.Count, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            executions = await ReadTasksAsync(reader, cancellationToken);
            if (!allowed) return null;
        }

        return (taken, await RestoreAsync(headers, executions, cancellationToken));
    }

    /// <summary>Locks and loads runs with the given executions of theirs; runs that retention has taken are left out.</summary>
    public async Task<SortedDictionary<RunId, LoadedRun>> LoadAsync(
        EngineSession session, IReadOnlyCollection<RunId> ids, IReadOnlyCollection<TaskKey> tasks, CancellationToken cancellationToken)
    {
        List<Header> headers;
        ILookup<RunId, TaskExecution> executions;
        // One round trip; the second statement sees what was committed while the first waited for its locks.
        await using (var reader = await session.ReadAsync(cancellationToken, Sql.Command(Lock, Ordered(ids)), ByKey(tasks)))
        {
            headers = await ReadHeadersAsync(reader, ids.Count, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            executions = await ReadTasksAsync(reader, cancellationToken);
        }

        return await RestoreAsync(headers, executions, cancellationToken);
    }

    /// <summary>Locks and loads runs with all their executions.</summary>
    public async Task<SortedDictionary<RunId, LoadedRun>> LoadWholeAsync(
        EngineSession session, IReadOnlyCollection<RunId> ids, CancellationToken cancellationToken)
    {
        List<Header> headers;
        ILookup<RunId, TaskExecution> executions;
        var all = Sql.Command(
            $"select {TaskColumns.Names} from gofer.task_executions where run_id = any($1)", Sql.P(ids.Select(i => i.Value).ToArray()));
        await using (var reader = await session.ReadAsync(cancellationToken, Sql.Command(Lock, Ordered(ids)), all))
        {
            headers = await ReadHeadersAsync(reader, ids.Count, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            executions = await ReadTasksAsync(reader, cancellationToken);
        }

        return await RestoreAsync(headers, executions, cancellationToken);
    }

    /// <summary>Brings every execution of runs that were loaded in part.</summary>
    public static async Task CompleteAsync(EngineSession session, IReadOnlyCollection<LoadedRun> runs, CancellationToken cancellationToken)
    {
        if (runs.Count == 0) return;
        var keys = runs.SelectMany(r => Enumerable.Range(0, r.Graph.Graph.Count).Where(t => !r.Run.Tasks.ContainsKey(t)).Select(t => new TaskKey(r.Id, t))).ToList();
        var executions = await TasksAsync(session, keys, cancellationToken);
        foreach (var run in runs) run.Run.Add(run.Remember(executions[run.Id]));
    }

    /// <summary>Brings executions that events reached, again and again, until nothing is missing.</summary>
    public static async Task SupplyAsync(EngineSession session, IEnumerable<LoadedRun> runs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        while (true)
        {
            var missing = runs.SelectMany(r => r.Run.Missing.Select(t => new TaskKey(r.Id, t))).ToList();
            if (missing.Count == 0) return;
            var executions = await TasksAsync(session, missing, cancellationToken);
            foreach (var run in runs.Where(r => r.Run.Missing.Count > 0))
            {
                run.Run.Supply(run.Remember(executions[run.Id]), now);
            }
        }
    }

    private static NpgsqlParameter Ordered(IReadOnlyCollection<RunId> ids) => Sql.P(ids.Select(i => i.Value).Order().ToArray());

    private static NpgsqlBatchCommand ByKey(IReadOnlyCollection<TaskKey> tasks) =>
        Sql.Command(s_tasks, Sql.P(tasks.Select(k => k.Run.Value).ToArray()), Sql.P(tasks.Select(k => k.Task).ToArray()));

    private static async Task<List<Header>> ReadHeadersAsync(NpgsqlDataReader reader, int count, CancellationToken cancellationToken)
    {
        var headers = new List<Header>(count);
        while (await reader.ReadAsync(cancellationToken))
        {
            headers.Add(new Header
            {
                Id = new RunId(reader.GetGuid(0)),
                Namespace = new NamespaceId(reader.GetGuid(1)),
                Pipeline = new PipelineId(reader.GetGuid(2)),
                Number = reader.GetInt64(3),
                Version = reader.GetInt32(4),
                Variables = TextMap.Read(reader.GetString(5)),
                Params = JsonMap.Texts(reader.GetString(6)),
                Priority = reader.GetInt16(7),
                State = StateText.Parse<RunState>(reader.GetString(8)),
                Reason = reader.Text(9),
                Message = reader.Text(10),
                Open = reader.GetInt32(11),
                FirstFailed = reader.Maybe<int>(12),
                FirstCancelled = reader.Maybe<int>(13),
                EventSeq = reader.GetInt32(14),
                StartedAt = reader.Maybe<DateTimeOffset>(15),
                EndedAt = reader.Maybe<DateTimeOffset>(16),
                CancelRequestedAt = reader.Maybe<DateTimeOffset>(17),
                CancelReason = reader.Text(18),
                CancelMessage = reader.Text(19),
                NamespaceLimit = reader.Maybe<int>(20) ?? 0,
                InstallLimit = reader.Maybe<int>(21) ?? 0,
                SharedTasks = reader.Text(22) is { } pins ? SharedTaskRows.Read(pins) : null,
            });
        }

        return headers;
    }

    private static async Task<ILookup<RunId, TaskExecution>> TasksAsync(
        EngineSession session, IReadOnlyCollection<TaskKey> keys, CancellationToken cancellationToken)
    {
        await using var reader = await session.ReadAsync(cancellationToken, ByKey(keys));
        return await ReadTasksAsync(reader, cancellationToken);
    }

    private static async Task<ILookup<RunId, TaskExecution>> ReadTasksAsync(
        NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var executions = new List<(RunId Run, TaskExecution Execution)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            executions.Add((new RunId(reader.GetGuid(0)), TaskColumns.Read(reader)));
        }

        return executions.ToLookup(e => e.Run, e => e.Execution);
    }

    private async Task<SortedDictionary<RunId, LoadedRun>> RestoreAsync(
        List<Header> headers, ILookup<RunId, TaskExecution> executions, CancellationToken cancellationToken)
    {
        var runs = new SortedDictionary<RunId, LoadedRun>();
        foreach (var header in headers)
        {
            var graph = await versions.GetAsync(header.Pipeline, header.Version, cancellationToken);
            var run = new Run(header.Id, graph.Graph, [])
            {
                State = header.State,
                Reason = header.Reason,
                Message = header.Message,
                Open = header.Open,
                FirstFailed = header.FirstFailed,
                FirstCancelled = header.FirstCancelled,
                EventSeq = header.EventSeq,
                StartedAt = header.StartedAt,
                EndedAt = header.EndedAt,
                CancelRequestedAt = header.CancelRequestedAt,
                CancelReason = header.CancelReason,
                CancelMessage = header.CancelMessage,
                Priority = header.Priority,
                IsCapped = header.NamespaceLimit > 0 || header.InstallLimit > 0,
            };
            var loaded = new LoadedRun(run, header.Namespace, header.Pipeline, header.Number, header.Version, graph, header.Variables, header.Params)
            {
                NamespaceLimit = header.NamespaceLimit,
                InstallLimit = header.InstallLimit,
                SharedTasks = header.SharedTasks,
                Definitions = header.SharedTasks is { } pins ? await DefinitionsAsync(pins, cancellationToken) : LoadedRun.NoDefinitions,
            };
            run.Add(loaded.Remember(executions[header.Id]));
            runs.Add(header.Id, loaded);
        }

        return runs;
    }

    private async Task<IReadOnlyDictionary<string, SharedTaskDefinition>> DefinitionsAsync(Dictionary<string, SharedTaskPin> pins, CancellationToken cancellationToken)
    {
        var definitions = new Dictionary<string, SharedTaskDefinition>(pins.Count, StringComparer.Ordinal);
        foreach (var (uses, pin) in pins)
        {
            // Of a run that has ended it may be gone, and nobody wants it.
            if (await shared.GetAsync(new SharedTaskVersionId(pin.Id), cancellationToken) is { } definition) definitions.Add(uses, definition);
        }

        return definitions;
    }

    /// <summary>A row of runs, before its version's graph is at hand.</summary>
    private sealed class Header
    {
        public required RunId Id { get; init; }
        public required NamespaceId Namespace { get; init; }
        public required PipelineId Pipeline { get; init; }
        public required long Number { get; init; }
        public required int Version { get; init; }
        public required Dictionary<string, string> Variables { get; init; }
        public required Dictionary<string, string> Params { get; init; }
        public required int Priority { get; init; }
        public required int NamespaceLimit { get; init; }
        public required int InstallLimit { get; init; }
        public required RunState State { get; init; }
        public Dictionary<string, SharedTaskPin>? SharedTasks { get; init; }
        public string? Reason { get; init; }
        public string? Message { get; init; }
        public required int Open { get; init; }
        public int? FirstFailed { get; init; }
        public int? FirstCancelled { get; init; }
        public required int EventSeq { get; init; }
        public DateTimeOffset? StartedAt { get; init; }
        public DateTimeOffset? EndedAt { get; init; }
        public DateTimeOffset? CancelRequestedAt { get; init; }
        public string? CancelReason { get; init; }
        public string? CancelMessage { get; init; }
    }
}
