using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Loads runs for change: their rows locked in the order of their ids, so that no two transactions wait for each other.</summary>
internal sealed class RunReader(IVersionGraphs versions)
{
    private const string TaskColumns =
        """
        e.run_id, e.task, e.state, e.reason, e.message, e.attempt, e.fence, e.worker_id, e.backend, e.open_parents, e.blocked_by, e.skipped_by,
        e.exit_code, e.scheduler, e.node, e.image_digest, e.ready_at, e.started_at, e.ended_at, e.stop_requested_at, e.stop_message
        """;

    /// <summary>Locks and loads runs with the given executions of theirs; runs that retention has taken are left out.</summary>
    public async Task<SortedDictionary<RunId, LoadedRun>> LoadAsync(
        NpgsqlConnection connection, IReadOnlyCollection<RunId> ids, IReadOnlyCollection<TaskKey> tasks, CancellationToken cancellationToken)
    {
        var headers = await LockAsync(connection, ids, cancellationToken);
        var executions = await TasksAsync(connection, tasks, cancellationToken);
        return await RestoreAsync(headers, executions, cancellationToken);
    }

    /// <summary>Locks and loads runs with all their executions.</summary>
    public async Task<SortedDictionary<RunId, LoadedRun>> LoadWholeAsync(
        NpgsqlConnection connection, IReadOnlyCollection<RunId> ids, CancellationToken cancellationToken)
    {
        var headers = await LockAsync(connection, ids, cancellationToken);
        await using var command = new NpgsqlCommand($"select {TaskColumns} from gofer.task_executions e where e.run_id = any($1)", connection);
        command.Parameters.Add(Sql.P(ids.Select(i => i.Value).ToArray()));
        return await RestoreAsync(headers, await ReadTasksAsync(command, cancellationToken), cancellationToken);
    }

    /// <summary>Brings executions that events reached, again and again, until nothing is missing.</summary>
    public static async Task SupplyAsync(NpgsqlConnection connection, IEnumerable<LoadedRun> runs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        while (true)
        {
            var missing = runs.SelectMany(r => r.Run.Missing.Select(t => new TaskKey(r.Id, t))).ToList();
            if (missing.Count == 0) return;
            var executions = await TasksAsync(connection, missing, cancellationToken);
            foreach (var run in runs.Where(r => r.Run.Missing.Count > 0))
            {
                run.Run.Supply(executions[run.Id].Select(e => e.Execution), now);
            }
        }
    }

    private static async Task<List<Header>> LockAsync(NpgsqlConnection connection, IReadOnlyCollection<RunId> ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, namespace_id, pipeline_id, number, version, variables, state, reason, message, open, first_failed, first_cancelled,
                event_seq, started_at, ended_at, cancel_requested_at, cancel_message
            from gofer.runs where id = any($1) order by id for no key update
            """,
            connection);
        command.Parameters.Add(Sql.P(ids.Select(i => i.Value).Order().ToArray()));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var headers = new List<Header>(ids.Count);
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
                State = StateText.Parse<RunState>(reader.GetString(6)),
                Reason = reader.Text(7),
                Message = reader.Text(8),
                Open = reader.GetInt32(9),
                FirstFailed = reader.Maybe<int>(10),
                FirstCancelled = reader.Maybe<int>(11),
                EventSeq = reader.GetInt32(12),
                StartedAt = reader.Maybe<DateTimeOffset>(13),
                EndedAt = reader.Maybe<DateTimeOffset>(14),
                CancelRequestedAt = reader.Maybe<DateTimeOffset>(15),
                CancelMessage = reader.Text(16),
            });
        }

        return headers;
    }

    private static async Task<ILookup<RunId, (RunId Run, TaskExecution Execution)>> TasksAsync(
        NpgsqlConnection connection, IReadOnlyCollection<TaskKey> keys, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {TaskColumns}
            from unnest($1, $2) as k (run_id, task)
            join gofer.task_executions e on e.run_id = k.run_id and e.task = k.task
            """,
            connection);
        command.Parameters.Add(Sql.P(keys.Select(k => k.Run.Value).ToArray()));
        command.Parameters.Add(Sql.P(keys.Select(k => k.Task).ToArray()));
        return await ReadTasksAsync(command, cancellationToken);
    }

    private static async Task<ILookup<RunId, (RunId Run, TaskExecution Execution)>> ReadTasksAsync(
        NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var executions = new List<(RunId Run, TaskExecution Execution)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            executions.Add((new RunId(reader.GetGuid(0)), new TaskExecution
            {
                Task = reader.GetInt32(1),
                State = StateText.Parse<TaskState>(reader.GetString(2)),
                Reason = reader.Text(3),
                Message = reader.Text(4),
                Attempt = reader.GetInt32(5),
                Fence = reader.GetInt64(6),
                Worker = reader.Maybe<Guid>(7) is { } worker ? new WorkerId(worker) : null,
                Backend = reader.Text(8),
                OpenParents = reader.GetInt32(9),
                BlockedBy = reader.Maybe<int>(10),
                SkippedBy = reader.Maybe<int>(11),
                ExitCode = reader.Maybe<int>(12),
                Scheduler = reader.Text(13),
                Node = reader.Text(14),
                ImageDigest = reader.Text(15),
                ReadyAt = reader.Maybe<DateTimeOffset>(16),
                StartedAt = reader.Maybe<DateTimeOffset>(17),
                EndedAt = reader.Maybe<DateTimeOffset>(18),
                StopRequestedAt = reader.Maybe<DateTimeOffset>(19),
                StopMessage = reader.Text(20),
            }));
        }

        return executions.ToLookup(e => e.Run);
    }

    private async Task<SortedDictionary<RunId, LoadedRun>> RestoreAsync(
        List<Header> headers, ILookup<RunId, (RunId Run, TaskExecution Execution)> executions, CancellationToken cancellationToken)
    {
        var runs = new SortedDictionary<RunId, LoadedRun>();
        foreach (var header in headers)
        {
            var graph = await versions.GetAsync(header.Pipeline, header.Version, cancellationToken);
            var run = new Run(header.Id, graph.Graph, executions[header.Id].Select(e => e.Execution))
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
                CancelMessage = header.CancelMessage,
            };
            runs.Add(header.Id, new LoadedRun(run, header.Namespace, header.Pipeline, header.Number, header.Version, graph, header.Variables));
        }

        return runs;
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
        public required RunState State { get; init; }
        public string? Reason { get; init; }
        public string? Message { get; init; }
        public required int Open { get; init; }
        public int? FirstFailed { get; init; }
        public int? FirstCancelled { get; init; }
        public required int EventSeq { get; init; }
        public DateTimeOffset? StartedAt { get; init; }
        public DateTimeOffset? EndedAt { get; init; }
        public DateTimeOffset? CancelRequestedAt { get; init; }
        public string? CancelMessage { get; init; }
    }
}
