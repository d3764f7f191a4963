using Gofer.Tests.Chaos.Load;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>
/// A slot is taken before a task enters the queue and freed after its container has ended, so what the tasks note of themselves lies within:
/// there is no allowance to make, and a worker that died changes nothing.
/// </summary>
internal sealed class KeysHold : Invariant
{
    public override string Sentence => "Never do more tasks run under a concurrency key than its limit, by the slots and by the tasks' own times";

    public override async Task CheckAsync(Evidence evidence)
    {
        var limits = Load.ChaosPipeline.All.SelectMany(p => Enumerable.Range(0, p.Graph.Count).Select(p.KeyOf)).OfType<(string Key, int Limit)>().ToHashSet();
        var slots = await evidence.Connection.ListAsync(
            "select l.key, l.number, count(s) from gofer.limits l left join gofer.slots s on s.limit_id = l.id group by l.id",
            row => (Key: row.GetString(0), Number: row.GetInt32(1), Taken: row.GetInt64(2)), evidence.Stopping);
        foreach (var (key, number, taken) in slots)
        {
            if (!limits.Contains((key, number))) Violated($"The key {key} has the limit {number}, which no document says.");
            if (taken > number) Violated($"{taken} slots of the key {key} are taken; there are {number}.");
        }

        // What has noted no end runs on, unless it is over and was ended without a word.
        var open = (await evidence.Connection.ListAsync(
            """
            select e.run_id, e.task, e.attempt from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id
            where e.state in ('ready', 'starting', 'running')
            """,
            row => (row.GetGuid(0), row.GetInt32(1), row.GetInt32(2)), evidence.Stopping)).ToHashSet();
        var runs = evidence.Runs.ToDictionary(r => r.Id, r => r.Pipeline);
        var times = evidence.Journal.Notes
            .Where(n => runs.TryGetValue(n.Run, out var pipeline) && KeyOf(pipeline, n.Task) is not null)
            .GroupBy(n => (n.Run, n.Task, n.Attempt))
            .Select(g => (
                Key: KeyOf(runs[g.Key.Run], g.Key.Task)!.Value, From: g.Min(n => n.At), To: g.Max(n => n.At),
                RunsOn: g.All(n => n.What == "start") && open.Contains((g.Key.Run, runs[g.Key.Run].Graph.IndexOf(g.Key.Task)!.Value, g.Key.Attempt))));
        foreach (var key in times.GroupBy(t => t.Key))
        {
            var ends = key.Where(t => !t.RunsOn).Select(t => (At: t.To, By: -1));
            var now = 0;
            foreach (var (at, by) in key.Select(t => (At: t.From, By: 1)).Concat(ends).OrderBy(s => s.At).ThenBy(s => s.By))
            {
                now += by;
                if (now > key.Key.Limit) Violated($"By their own notes {now} tasks ran under the key {key.Key.Key} at {at:O}; {key.Key.Limit} may.");
            }
        }
    }

    private static (string Key, int Limit)? KeyOf(ChaosPipeline pipeline, string task) => pipeline.Graph.IndexOf(task) is { } node ? pipeline.KeyOf(node) : null;
}

/// <summary>One snapshot of the tables: what is in them stands for a state of a task or a run, and for nothing else.</summary>
internal sealed class WaitingsAreTrue : Invariant
{
    private static readonly (string Pipeline, int Task, string Key)[] s_keyed =
    [
        .. from p in ChaosPipeline.All from task in Enumerable.Range(0, p.Graph.Count) let key = p.KeyOf(task) where key is not null select (p.Id, task, key.Value.Key),
    ];

    private static readonly (string Pipeline, TimeSpan Timeout)[] s_timeouts =
        [.. from p in ChaosPipeline.All where p.Document.Timeout is not null select (p.Id, p.Document.Timeout!.Value)];

    public override string Sentence => "A slot is one of a task that is queued or held by a worker; a held task waits for one, and a timer for a retry or the end of a running run";

    public override async Task CheckAsync(Evidence evidence)
    {
        var wrong = await evidence.Connection.ListAsync(
            """
            with
            keyed as (select * from unnest($1, $2, $3) as k (pipeline, task, key)),
            open as (
                select e.run_id, e.task, e.state, e.waiting_for, e.wait_until, e.holds_slots, k.key
                from gofer.active_runs a join gofer.runs r on r.id = a.run_id join gofer.pipelines p on p.id = r.pipeline_id
                join gofer.task_executions e on e.run_id = r.id left join keyed k on k.pipeline = p.name and k.task = e.task),
            taken as (
                select s.run_id, s.task, array_agg(l.key order by l.key) as keys from gofer.slots s left join gofer.limits l on l.id = s.limit_id group by s.run_id, s.task),
            timeouts as (select * from unnest($4, $5) as t (pipeline, timeout))
            select 'a slot', s.run_id, s.task, o.state || ', has ' || s.keys::text || ', wants ' || coalesce(o.key, 'none')
            from taken s left join open o on o.run_id = s.run_id and o.task = s.task
            where o.task is null or o.key is null or s.keys <> array[o.key] or o.state not in ('ready', 'starting', 'running') or not o.holds_slots
            union all
            select 'no slot', o.run_id, o.task, o.state from open o left join taken s on s.run_id = o.run_id and s.task = o.task
            where s.task is null and (o.holds_slots or (o.key is not null and o.state in ('ready', 'starting', 'running')))
            union all
            select 'a place among the held', h.run_id, h.task, o.state || ', waits for ' || coalesce(o.waiting_for, 'nothing')
            from gofer.held_tasks h left join open o on o.run_id = h.run_id and o.task = h.task
            where o.task is null or o.state <> 'waiting' or o.waiting_for is distinct from 'concurrency' or o.key is null
            union all
            select 'no place among the held', o.run_id, o.task, o.state from open o left join gofer.held_tasks h on h.run_id = o.run_id and h.task = o.task
            where o.waiting_for = 'concurrency' and h.task is null
            union all
            select 'a timer', t.run_id, t.task, o.state || ', until ' || coalesce(o.wait_until::text, 'nothing')
            from gofer.timers t left join open o on o.run_id = t.run_id and o.task = t.task
            where t.task >= 0 and (o.task is null or o.state <> 'waiting' or o.waiting_for is distinct from 'retry' or o.wait_until is distinct from t.due_at)
            union all
            select 'no timer', o.run_id, o.task, o.state from open o left join gofer.timers t on t.run_id = o.run_id and t.task = o.task
            where o.waiting_for = 'retry' and t.task is null
            union all
            select 'a timer of its own', t.run_id, t.task, coalesce(r.state, 'gone') || ', ' || t.due_at::text
            from gofer.timers t left join gofer.runs r on r.id = t.run_id left join gofer.pipelines p on p.id = r.pipeline_id left join timeouts d on d.pipeline = p.name
            where t.task < 0 and (r.state is distinct from 'running' or t.due_at is distinct from r.started_at + d.timeout)
            union all
            select 'no timer of its own', r.id, -1, r.state
            from gofer.active_runs a join gofer.runs r on r.id = a.run_id join gofer.pipelines p on p.id = r.pipeline_id join timeouts d on d.pipeline = p.name
            where r.state = 'running' and r.cancel_requested_at is null and not exists (select from gofer.timers t where t.run_id = r.id and t.task = -1)
            """,
            row => $"Task {row.GetInt32(2)} of {row.GetGuid(1)} has {row.GetString(0)}, and is {(row.IsDBNull(3) ? "not open" : row.GetString(3))}.", evidence.Stopping,
            s_keyed.Select(k => k.Pipeline).ToArray(), s_keyed.Select(k => k.Task).ToArray(), s_keyed.Select(k => k.Key).ToArray(),
            s_timeouts.Select(t => t.Pipeline).ToArray(), s_timeouts.Select(t => t.Timeout).ToArray());
        foreach (var what in wrong) Violated(what);
    }
}
