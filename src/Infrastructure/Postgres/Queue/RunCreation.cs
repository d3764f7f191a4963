using Gofer.Application.Pipelines;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// One transaction that creates the runs of several orders: idempotency keys first (sorted), then pipeline heads (sorted), then what
/// the heads decide. Who changes a head afterwards finds these runs; who changed it before was seen.
/// </summary>
internal sealed class RunCreation(EngineTransaction transactions, IVersionGraphs versions, TimeProvider clock)
{
    /// <summary>An answer for each order, in their order. No two of the orders carry the same idempotency key.</summary>
    public Task<Result<CreateAnswer>[]> CreateAsync(IReadOnlyList<CreateOrder> orders, CancellationToken cancellationToken) =>
        transactions.RunAsync((connection, token) => CreateAsync(connection, orders, token), cancellationToken);

    private async Task<Result<CreateAnswer>[]> CreateAsync(
        NpgsqlConnection connection, IReadOnlyList<CreateOrder> orders, CancellationToken cancellationToken)
    {
        var answers = new Result<CreateAnswer>?[orders.Count];
        var keyed = Enumerable.Range(0, orders.Count).Where(i => orders[i].Claim is not null).ToList();
        if (keyed.Count > 0) await IdempotencyKeys.TakeAsync(connection, orders, keyed, answers, cancellationToken);

        var open = Enumerable.Range(0, orders.Count).Where(i => answers[i] is null).ToList();
        var heads = await HeadsAsync(connection, [.. open.Select(i => orders[i].Pipeline).Distinct()], cancellationToken);
        var inserts = new List<(LoadedRun Run, RunRow Row)>();
        var answered = new List<(CreateOrder Order, StoredAnswer Answer)>();
        foreach (var i in open)
        {
            var created = await BuildAsync(orders[i], heads.GetValueOrDefault(orders[i].Pipeline), cancellationToken);
            if (created.Error is { } error)
            {
                answers[i] = error;
                continue;
            }

            inserts.AddRange(created.Value);
            var answer = orders[i].Render([.. created.Value.Select(c => c.Row)]);
            answers[i] = new CreateAnswer(answer, Replayed: false);
            answered.Add((orders[i], answer));
        }

        await using var batch = new NpgsqlBatch(connection);
        if (inserts.Count > 0)
        {
            RunWrites.Insert(batch, inserts);
            batch.BatchCommands.Add(Sql.Command(
                "update gofer.pipeline_heads h set last_run = u.last_run from unnest($1, $2) as u (id, last_run) where h.pipeline_id = u.id",
                Sql.P(heads.Values.Select(h => h.Pipeline.Value).ToArray()),
                Sql.P(heads.Values.Select(h => h.LastRun).ToArray())));
        }

        // Only what was done is remembered: a refused order's key may be used again.
        var refused = open.Where(i => answers[i]!.Value.Error is not null && orders[i].Claim is not null).Select(i => orders[i].Claim!).ToList();
        IdempotencyKeys.Keep(batch, [.. answered.Where(a => a.Order.Claim is not null).Select(a => (a.Order.Claim!, a.Answer))], refused);
        await EngineTransaction.ExecuteAsync(batch, [], cancellationToken);
        return [.. answers.Select(a => a!.Value)];
    }

    private static async Task<Dictionary<PipelineId, Head>> HeadsAsync(
        NpgsqlConnection connection, IReadOnlyList<PipelineId> pipelines, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select pipeline_id, last_run, last_version, live_version, parallelism, paused, deleted
            from gofer.pipeline_heads where pipeline_id = any($1) order by pipeline_id for no key update
            """,
            connection);
        command.Parameters.Add(Sql.P(pipelines.Select(p => p.Value).ToArray()));
        var heads = new Dictionary<PipelineId, Head>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                heads.Add(new PipelineId(reader.GetGuid(0)), new Head
                {
                    Pipeline = new PipelineId(reader.GetGuid(0)),
                    LastRun = reader.GetInt64(1),
                    LastVersion = reader.GetInt32(2),
                    LiveVersion = reader.GetInt32(3),
                    Parallelism = reader.GetInt32(4),
                    Paused = reader.GetBoolean(5),
                    Deleted = reader.GetBoolean(6),
                });
            }
        }

        foreach (var head in heads.Values.Where(h => h.Parallelism > 0)) head.Room = await Admission.RoomAsync(connection, head.Pipeline, head.Parallelism, cancellationToken);
        return heads;
    }

    private async Task<Result<List<(LoadedRun Run, RunRow Row)>>> BuildAsync(CreateOrder order, Head? head, CancellationToken cancellationToken)
    {
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        if (head.Paused)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.PipelinePaused, "The pipeline is paused and takes no new runs. Resume it first.");
        }

        for (var i = 0; i < order.Runs.Count; i++)
        {
            if (order.Runs[i].Version is { } asked && (asked < 1 || asked > head.LastVersion))
            {
                return new Error(
                    ErrorKind.NotFound, ErrorCodes.VersionNotFound,
                    $"The pipeline has no version {asked}; its versions are 1 to {head.LastVersion}.");
            }
        }

        var created = new List<(LoadedRun Run, RunRow Row)>(order.Runs.Count);
        foreach (var ordered in order.Runs)
        {
            var version = ordered.Version ?? head.LiveVersion;
            var graph = await versions.GetAsync(order.Pipeline, version, cancellationToken);
            created.Add(Build(order, ordered, head, version, graph));
        }

        return created;
    }

    private (LoadedRun Run, RunRow Row) Build(CreateOrder order, NewRun ordered, Head head, int version, VersionGraph graph)
    {
        var now = clock.GetUtcNow();
        var run = Run.Create(new RunId(Guid.CreateVersion7(now)), graph.Graph, now);
        if (head.Room > 0)
        {
            head.Room--;
            run.Admit(now);
        }

        var labels = new Dictionary<string, string>(graph.Document.Labels);
        foreach (var (key, value) in ordered.Labels) labels[key] = value;
        var loaded = new LoadedRun(run, order.Namespace, order.Pipeline, ++head.LastRun, version, graph, ordered.Variables);
        return (loaded, new RunRow
        {
            Id = run.Id,
            NamespaceId = order.Namespace,
            PipelineId = order.Pipeline,
            Number = loaded.Number,
            Version = version,
            VersionReason = ordered.Version is null ? VersionReasons.Live : VersionReasons.Pinned,
            State = run.State,
            Trigger = "manual",
            Variables = new Dictionary<string, string>(ordered.Variables),
            Labels = labels,
            CreatedAt = now,
            StartedAt = run.StartedAt,
            EventSeq = run.EventSeq,
        });
    }

    private sealed class Head
    {
        public required PipelineId Pipeline { get; init; }
        public required long LastRun { get; set; }
        public required int LastVersion { get; init; }
        public required int LiveVersion { get; init; }
        public required int Parallelism { get; init; }
        public required bool Paused { get; init; }
        public required bool Deleted { get; init; }
        public long Room { get; set; } = long.MaxValue;
    }
}
