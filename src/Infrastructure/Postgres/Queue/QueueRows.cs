using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Gives tasks their place in the queue, or among those that wait for a limit: priority first, then start-time fair queueing among
/// namespaces (Goyal, Vin, Cheng, 1996): each task moves its namespace's virtual clock on by one step divided by the namespace's weight, and a
/// namespace that was idle begins where the queue has come to. So nothing need be computed at a claim, which reads rows in order.
/// </summary>
internal static class QueueRows
{
    /// <summary>The step of a namespace of weight 1.</summary>
    public const long Step = 1_000_000;

    private const string Places =
        """
        with t as (
            select * from unnest($1, $2, $3, $4, $5) with ordinality as t (run_id, task, namespace_id, rank, known, place)),
        f as (
            select coalesce(max(virtual_time), 0) as virtual_time from gofer.queue_floor),
        s as (
            select t.namespace_id, count(*) filter (where known is null) as tasks, 1000000 / n.weight as step
            from t join gofer.namespaces n on n.id = t.namespace_id group by t.namespace_id, n.weight),
        c as (
            insert into gofer.namespace_clocks as c (namespace_id, virtual_time)
            select s.namespace_id, (select virtual_time from f) + s.tasks * s.step from s where s.tasks > 0 order by s.namespace_id
            on conflict (namespace_id) do update set virtual_time = excluded.virtual_time + greatest(0, c.virtual_time - (select virtual_time from f))
            returning namespace_id, virtual_time),
        p as (
            select t.*, coalesce(t.known, c.virtual_time - (s.tasks - row_number() over (partition by t.namespace_id, t.known is null order by t.place)) * s.step)
                as virtual_time
            from t join s on s.namespace_id = t.namespace_id left join c on c.namespace_id = t.namespace_id)
        """;

    /// <summary>Rows for tasks that are ready; a place that a task had before is kept.</summary>
    public static void Enqueue(Writes writes, IReadOnlyList<QueuePlace> tasks, Func<TaskKey, string?> backend)
    {
        if (tasks.Count == 0) return;
        writes.Add(
            $"""
            {Places}
            insert into gofer.ready_tasks (rank, virtual_time, run_id, task, namespace_id, pipeline_id, backend)
            select p.rank, p.virtual_time, p.run_id, p.task, p.namespace_id, b.pipeline_id, b.backend
            from p join unnest($1, $2, $6, $7) as b (run_id, task, pipeline_id, backend) on b.run_id = p.run_id and b.task = p.task
            order by p.place
            """,
            [.. Common(tasks), Sql.P(tasks.Select(t => t.Run.Pipeline.Value).ToArray()), Sql.Texts(tasks.Select(t => backend(t.Key)))]);
    }

    /// <summary>Rows for tasks that wait for a slot, each with the limit that holds it back.</summary>
    public static void Hold(Writes writes, IReadOnlyList<(QueuePlace Place, long Limit)> tasks)
    {
        if (tasks.Count == 0) return;
        writes.Add(
            $"""
            {Places}
            insert into gofer.held_tasks (limit_id, rank, virtual_time, run_id, task)
            select b.limit_id, p.rank, p.virtual_time, p.run_id, p.task
            from p join unnest($1, $2, $6) as b (run_id, task, limit_id) on b.run_id = p.run_id and b.task = p.task
            order by p.place
            """,
            [.. Common([.. tasks.Select(t => t.Place)]), Sql.P(tasks.Select(t => t.Limit).ToArray())]);
    }

    private static NpgsqlParameter[] Common(IReadOnlyList<QueuePlace> tasks) =>
    [
        Sql.P(tasks.Select(t => t.Run.Id.Value).ToArray()),
        Sql.P(tasks.Select(t => t.Task).ToArray()),
        Sql.P(tasks.Select(t => t.Run.Namespace.Value).ToArray()),
        Sql.P(tasks.Select(t => t.Run.Rank).ToArray()),
        Sql.P(tasks.Select(t => t.VirtualTime).ToArray()),
    ];
}

/// <summary>A task that takes a place; <paramref name="VirtualTime"/> is the one that it had before, or null.</summary>
internal readonly record struct QueuePlace(LoadedRun Run, int Task, long? VirtualTime)
{
    public TaskKey Key => new(Run.Id, Task);
}
