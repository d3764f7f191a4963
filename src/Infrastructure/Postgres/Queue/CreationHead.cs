using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>A pipeline's head, locked, while runs of it are created.</summary>
internal sealed class CreationHead
{
    /// <summary>What a run says that was cancelled for a newer one.</summary>
    public const string TookItsPlace = "A newer run took its place.";

    private readonly List<LoadedRun> _unfinished = [];
    private long _lastRun;
    private long _room = long.MaxValue;

    public required PipelineId Pipeline { get; init; }
    public required int Parallelism { get; init; }
    public required LimitPolicy OnLimit { get; init; }
    public required int LastVersion { get; init; }
    public required int LiveVersion { get; init; }
    public required int Priority { get; init; }
    public required bool Paused { get; init; }
    public required bool Deleted { get; init; }
    public required int NamespaceLimit { get; init; }
    public required int InstallLimit { get; init; }

    /// <summary>Locks the heads in the order of their ids; pipelines that are not there are left out.</summary>
    public static async Task<Dictionary<PipelineId, CreationHead>> LockAsync(
        EngineSession session, IReadOnlyList<PipelineId> pipelines, CancellationToken cancellationToken)
    {
        var heads = Sql.Command(
            """
            select h.pipeline_id, h.last_run, h.last_version, h.live_version, h.parallelism, h.paused, h.deleted, h.on_limit, h.priority,
                (select n.task_limit from gofer.namespaces n join gofer.pipelines p on p.namespace_id = n.id where p.id = h.pipeline_id),
                (select i.task_limit from gofer.install i)
            from gofer.pipeline_heads h where h.pipeline_id = any($1) order by h.pipeline_id for no key update of h
            """,
            Sql.P(pipelines.Select(p => p.Value).ToArray()));
        var locked = new Dictionary<PipelineId, CreationHead>();
        await using (var row = await session.ReadAsync(cancellationToken, heads))
        {
            while (await row.ReadAsync(cancellationToken))
            {
                var id = new PipelineId(row.GetGuid(0));
                locked.Add(id, new CreationHead
                {
                    Pipeline = id,
                    _lastRun = row.GetInt64(1),
                    LastVersion = row.GetInt32(2),
                    LiveVersion = row.GetInt32(3),
                    Parallelism = row.GetInt32(4),
                    Paused = row.GetBoolean(5),
                    Deleted = row.GetBoolean(6),
                    OnLimit = StateText.Parse<LimitPolicy>(row.GetString(7)),
                    Priority = row.GetInt32(8),
                    NamespaceLimit = row.Maybe<int>(9) ?? 0,
                    InstallLimit = row.GetInt32(10),
                });
            }
        }

        foreach (var head in locked.Values.Where(h => h.Parallelism > 0))
        {
            head._room = await Admission.RoomAsync(session, head.Pipeline, head.Parallelism, cancellationToken);
        }

        return locked;
    }

    /// <summary>Writes the numbers that were taken.</summary>
    public static NpgsqlBatchCommand Write(IReadOnlyCollection<CreationHead> heads) => Sql.Command(
        "update gofer.pipeline_heads h set last_run = u.last_run from unnest($1, $2) as u (id, last_run) where h.pipeline_id = u.id",
        Sql.P(heads.Select(h => h.Pipeline.Value).ToArray()), Sql.P(heads.Select(h => h._lastRun).ToArray()));

    /// <summary>Takes the next run number.</summary>
    public long NextNumber() => ++_lastRun;

    /// <summary>Admits a new run where there is room; where there is none it waits, or ends as the policy says.</summary>
    public void Place(LoadedRun run, DateTimeOffset now)
    {
        if (_room > 0)
        {
            _room--;
            run.Run.Admit(now);
        }
        else if (OnLimit == LimitPolicy.Skip)
        {
            run.Run.Cancel($"{Parallelism} runs of the pipeline were active, and its on_limit is skip.", now, Reasons.Superseded);
            return;
        }

        _unfinished.Add(run);
    }

    /// <summary>
    /// With <c>cancel_oldest</c>: cancels the oldest of the new runs and answers the older ones to cancel, so that no more than the limit are
    /// left that nobody stops.
    /// </summary>
    public async Task<IReadOnlyList<RunId>> SupersedeAsync(EngineSession session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (OnLimit != LimitPolicy.CancelOldest || Parallelism == 0 || _unfinished.Count == 0) return [];
        var others = await OthersAsync(session, cancellationToken);
        var tooMany = Math.Max(0, others.Count + _unfinished.Count - Parallelism);
        foreach (var run in _unfinished.Take(Math.Max(0, tooMany - others.Count))) run.Run.Cancel(TookItsPlace, now, Reasons.Superseded);
        return [.. others.Take(tooMany)];
    }

    private Task<List<RunId>> OthersAsync(EngineSession session, CancellationToken cancellationToken)
    {
        var others = Sql.Command(
            """
            select a.run_id from gofer.active_runs a join gofer.runs r on r.id = a.run_id
            where a.pipeline_id = $1 and r.cancel_requested_at is null order by a.number
            """,
            Sql.P(Pipeline.Value));
        return session.ListAsync(others, row => new RunId(row.GetGuid(0)), cancellationToken);
    }
}
