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

    /// <summary>
    /// Rows <c>p</c> of the tasks with their virtual times. Each namespace's clock moves once, by all of its tasks that are new to the queue
    /// (<c>$8</c> namespaces, <c>$9</c> how many); <c>nth</c> is a task's place among them, from 1. Nothing is joined but those few clocks.
    /// </summary>
    private const string Places =
        """
        with f as (
            select coalesce(max(virtual_time), 0) as virtual_time from gofer.queue_floor),
        s as (
            select u.namespace_id, u.tasks, 1000000::bigint / n.weight as step
            from unnest($8, $9) as u (namespace_id, tasks) join gofer.namespaces n on n.id = u.namespace_id),
        c as (
            insert into gofer.namespace_clocks as c (namespace_id, virtual_time)
            select s.namespace_id, (select virtual_time from f) + s.tasks * s.step from s where s.tasks > 0 order by s.namespace_id
            on conflict (namespace_id) do update set virtual_time = excluded.virtual_time + greatest(0, c.virtual_time - (select virtual_time from f))
            returning namespace_id, virtual_time),
        b as (
            select s.namespace_id, c.virtual_time - s.tasks * s.step as virtual_time, s.step from s left join c on c.namespace_id = s.namespace_id),
        p as (
            select t.run_id, t.task, t.namespace_id, t.rank, t.place, coalesce(t.known, b.virtual_time + t.nth * b.step) as virtual_time, t.owner, t.what
            from unnest($1, $2, $3, $4, $5, $6, $7, $10) with ordinality as t (run_id, task, namespace_id, rank, known, nth, owner, what, place)
            join b on b.namespace_id = t.namespace_id)
        """;

    /// <summary>Rows for tasks that are ready; a place that a task had before is kept.</summary>
    public static void Enqueue(Writes writes, IReadOnlyList<QueuePlace> tasks, Func<TaskKey, string?> backend)
    {
        if (tasks.Count == 0) return;
        writes.Add(
            $"""
            {Places}
            insert into gofer.ready_tasks (rank, virtual_time, run_id, task, namespace_id, pipeline_id, backend)
            select p.rank, p.virtual_time, p.run_id, p.task, p.namespace_id, p.owner, p.what from p order by p.place
            """,
            Parameters(tasks, Sql.P(tasks.Select(t => t.Run.Pipeline.Value).ToArray()), Sql.Texts(tasks.Select(t => backend(t.Key)))));
    }

    /// <summary>Rows for tasks that wait for a slot, each with the limit that holds it back.</summary>
    public static void Hold(Writes writes, IReadOnlyList<(QueuePlace Place, long Limit)> tasks)
    {
        if (tasks.Count == 0) return;
        writes.Add(
            $"""
            {Places}
            insert into gofer.held_tasks (limit_id, rank, virtual_time, run_id, task)
            select p.owner, p.rank, p.virtual_time, p.run_id, p.task from p order by p.place
            """,
            Parameters([.. tasks.Select(t => t.Place)], Sql.P(tasks.Select(t => t.Limit).ToArray()), Sql.Texts(tasks.Select(_ => (string?)null))));
    }

    private static NpgsqlParameter[] Parameters(IReadOnlyList<QueuePlace> tasks, NpgsqlParameter owners, NpgsqlParameter whats)
    {
        var counts = new Dictionary<Guid, int>();
        var nth = new int[tasks.Count];
        for (var i = 0; i < tasks.Count; i++)
        {
            var id = tasks[i].Run.Namespace.Value;
            var count = counts.GetValueOrDefault(id);
            counts[id] = tasks[i].VirtualTime is null ? nth[i] = count + 1 : count;
        }

        return
        [
            Sql.P(tasks.Select(t => t.Run.Id.Value).ToArray()),
            Sql.P(tasks.Select(t => t.Task).ToArray()),
            Sql.P(tasks.Select(t => t.Run.Namespace.Value).ToArray()),
            Sql.P(tasks.Select(t => t.Run.Rank).ToArray()),
            Sql.P(tasks.Select(t => t.VirtualTime).ToArray()),
            Sql.P(nth),
            owners,
            Sql.P(counts.Keys.ToArray()),
            Sql.P(counts.Values.ToArray()),
            whats,
        ];
    }
}

/// <summary>A task that takes a place; <paramref name="VirtualTime"/> is the one that it had before, or null.</summary>
internal readonly record struct QueuePlace(LoadedRun Run, int Task, long? VirtualTime)
{
    public TaskKey Key => new(Run.Id, Task);
}
