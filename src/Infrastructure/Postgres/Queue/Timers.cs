using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>What is due at a time: the next attempt of a task, the end of a run's patience. One pass at a time over all processes.</summary>
internal sealed class Timers(EngineTransaction transactions, RunReader reader, Notifier notifier, TimeProvider clock)
{
    /// <summary>How many timers one pass takes at most.</summary>
    private const int Batch = 200;

    /// <summary>Does what is due; answers how many timers that were, and how long it is until the next one, null where there is none.</summary>
    public async Task<(int Fired, TimeSpan? Next)> RunAsync(CancellationToken cancellationToken)
    {
        var (fired, next, stops) = await transactions.RunInTimeAsync(FireAsync, cancellationToken);
        if (fired > 0)
        {
            notifier.Ready();
            notifier.Changed();
        }

        if (stops) notifier.Stop();
        return (fired, next);
    }

    private async Task<(int Fired, TimeSpan? Next, bool Stops)> FireAsync(EngineSession session, CancellationToken cancellationToken)
    {
        // Timers are read without locks and judged under the locks of their runs; the advisory lock only spares two workers the same work.
        var find = Sql.Command(
            """
            select run_id, task, due_at <= now(), extract(epoch from due_at - now())::float8
            from gofer.timers where pg_try_advisory_xact_lock(hashtext('gofer.timers')) order by due_at limit $1
            """,
            Sql.P(Batch + 1));
        var due = new List<TaskKey>();
        TimeSpan? next = null;
        await using (var rows = await session.ReadAsync(cancellationToken, find))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                if (rows.GetBoolean(2) && due.Count < Batch)
                {
                    due.Add(new TaskKey(new RunId(rows.GetGuid(0)), rows.GetInt32(1)));
                }
                else
                {
                    next = TimeSpan.FromSeconds(Math.Max(0, rows.GetDouble(3)));
                    break;
                }
            }
        }

        if (due.Count == 0) return (0, next, false);
        var stops = await FireAsync(session, due, cancellationToken);
        return (due.Count, next, stops);
    }

    private async Task<bool> FireAsync(EngineSession session, List<TaskKey> due, CancellationToken cancellationToken)
    {
        // A run whose patience is over is stopped whole; of the others only the tasks that are due are wanted.
        var over = due.Where(d => d.Task == RunWrites.WholeRun).Select(d => d.Run).ToHashSet();
        var runs = await reader.LoadAsync(session, [.. due.Select(d => d.Run).Distinct()], [.. due.Where(d => d.Task != RunWrites.WholeRun)], cancellationToken);
        var now = clock.GetUtcNow();
        foreach (var key in due.Where(d => d.Task != RunWrites.WholeRun && runs.ContainsKey(d.Run))) runs[key.Run].Run.Retry(key.Task, now);
        await RunReader.CompleteAsync(session, [.. runs.Values.Where(r => over.Contains(r.Id))], cancellationToken);
        foreach (var run in runs.Values.Where(r => over.Contains(r.Id)))
        {
            run.Run.TimeOut(run.Graph.Document.Timeout!.Value, now);
        }

        var gate = await SlotGate.DecideAsync(session, runs.Values, now, cancellationToken);
        var writes = new Writes();
        RunWrites.Update(writes, runs.Values);
        gate.Write(writes);
        writes.Add(
            "delete from gofer.timers t using unnest($1, $2) as u (run_id, task) where t.run_id = u.run_id and t.task = u.task and t.due_at <= now()",
            Sql.P(due.Select(d => d.Run.Value).ToArray()), Sql.P(due.Select(d => d.Task).ToArray()));
        await session.CommitAsync(writes, cancellationToken);
        return over.Count > 0;
    }
}
