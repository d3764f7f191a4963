using Gofer.Domain.Runs;
using ZstdSharp;

namespace Gofer.Tests.Chaos.Checks.Invariants;

internal sealed class EventsHaveNoGaps : Invariant
{
    /// <summary>The joins of matrices, of which no event tells: only their instances are tasks.</summary>
    private static readonly string[] s_joins =
        [.. from p in Load.ChaosPipeline.All from task in Enumerable.Range(0, p.Graph.Count) where p.ScriptOf(task) is null select $"{p.Id}{task}"];

    public override string Sentence => "A run's events are numbered without gaps up to the run's own count, with one end for each task and for the run";

    public override async Task CheckAsync(Evidence evidence)
    {
        var open = evidence.Runs.Where(r => !r.State.IsFinal());
        var wrong = await evidence.Connection.ListAsync(
            """
            select r.id, r.event_seq, count(e.seq), coalesce(max(e.seq), 0),
                count(*) filter (where e.type in ('run.succeeded', 'run.failed', 'run.cancelled')),
                count(*) filter (where e.type in ('task.succeeded', 'task.failed', 'task.cancelled', 'task.skipped')),
                (select count(*) from gofer.task_executions t where t.run_id = r.id and t.ended_at is not null and p.name || t.task <> all($2)),
                r.ended_at is not null
            from gofer.runs r join gofer.pipelines p on p.id = r.pipeline_id left join gofer.run_events e on e.run_id = r.id where r.id = any($1)
            group by r.id, r.event_seq, r.ended_at, p.name
            """,
            row => (Run: row.GetGuid(0), Seq: row.GetInt32(1), Count: row.GetInt64(2), Last: row.GetInt32(3), RunEnds: row.GetInt64(4), TaskEnds: row.GetInt64(5),
                Ended: row.GetInt64(6), Over: row.GetBoolean(7)),
            evidence.Stopping, evidence.Ended.Concat(open).Select(r => r.Id).ToArray(), s_joins);
        foreach (var r in wrong)
        {
            if (r.Count != r.Seq || r.Last != r.Seq) Violated($"Run {r.Run} has {r.Count} events, the last is number {r.Last}, and it counted {r.Seq}.");
            if (r.RunEnds != (r.Over ? 1 : 0)) Violated($"Run {r.Run} tells of its end {r.RunEnds} times.");
            if (r.TaskEnds != r.Ended) Violated($"Run {r.Run} tells of {r.TaskEnds} ends of tasks; {r.Ended} have ended.");
        }
    }
}

/// <summary>What is stored of an attempt is what its script writes, byte by byte; of one that was stopped, a beginning of it.</summary>
internal sealed class LogsAreWhole : Invariant
{
    /// <summary>Runs whose output is compared at once, which may be a mebibyte each.</summary>
    private const int Batch = 50;

    public override string Sentence => "An attempt's log is contiguous and holds all that the task wrote, the last line too";

    public override async Task CheckAsync(Evidence evidence)
    {
        foreach (var runs in evidence.Ended.Chunk(Batch))
        {
            var chunks = (await evidence.Connection.ListAsync(
                "select run_id, task, attempt, seq, stream, stream_end, compressed, bytes from gofer.log_chunks where run_id = any($1) order by run_id, task, attempt, seq",
                row => (Run: row.GetGuid(0), Task: row.GetInt32(1), Attempt: row.GetInt32(2), Chunk: new Chunk(
                    row.GetInt32(3), row.GetInt16(4), row.GetInt64(5), row.GetBoolean(6), row.GetFieldValue<byte[]>(7))),
                evidence.Stopping, runs.Select(r => r.Id).ToArray())).ToLookup(c => (c.Run, c.Task, c.Attempt), c => c.Chunk);
            foreach (var run in runs)
            {
                foreach (var (task, attempt, ended) in Attempts(evidence, run)) Judge(run, task, attempt, ended, [.. chunks[(run.Id, task, attempt)]]);
            }
        }
    }

    /// <summary>Every attempt that there was, and whether it came to the end that its script has.</summary>
    private static IEnumerable<(int Task, int Attempt, bool Ended)> Attempts(Evidence evidence, RunFact run)
    {
        var failed = evidence.Attempts[run.Id].Select(a => (a.Task, a.Attempt, Ended: a.Reason != Reasons.Timeout)).ToList();
        var last = evidence.Tasks[run.Id].Where(t => t.State != TaskState.Skipped && run.Pipeline.ScriptOf(t.Task) is not null)
            .Select(t => (t.Task, t.Attempt, Ended: t.State != TaskState.Cancelled && t.Reason != Reasons.Timeout));
        // A task that was cancelled while it waited for its next attempt has its last one among the failed.
        return failed.Concat(last.Where(l => !failed.Exists(f => f.Task == l.Task && f.Attempt == l.Attempt)));
    }

    private void Judge(RunFact run, int task, int attempt, bool ended, List<Chunk> chunks)
    {
        var node = run.Pipeline.Graph.Nodes[task];
        var where = $"of attempt {attempt} of task {node.Id} of {run} ({run.Id}{(ended ? "" : ", stopped")})";
        if (!chunks.Select(c => c.Seq).SequenceEqual(Enumerable.Range(1, chunks.Count))) Violated($"The log {where} has the chunks {string.Join(' ', chunks.Select(c => c.Seq))}.");
        var expected = run.Pipeline.ScriptOf(task)!.Writes(new Load.Speaker(run.Id, node.Id, attempt, node.Matrix));
        foreach (var (stream, name, whole) in new[] { (1, "stdout", expected.Stdout), (2, "stderr", expected.Stderr) })
        {
            byte[] stored = [.. chunks.Where(c => c.Stream == stream).SelectMany(c => c.Raw())];
            if (chunks.LastOrDefault(c => c.Stream == stream) is { } last && last.End != stored.Length) Violated($"The {name} {where} has {stored.Length} bytes and says {last.End}.");
            if (!ended && stream == 2) continue; // the shell may say there that a child of its was ended
            var same = stored.AsSpan().CommonPrefixLength(whole);
            if (same < stored.Length || (ended && same < whole.Length))
            {
                Violated($"The {name} {where} has {stored.Length} bytes, was to have {whole.Length}, and the first {same} are right.");
            }
        }
    }

    private sealed record Chunk(int Seq, short Stream, long End, bool Compressed, byte[] Bytes)
    {
        public byte[] Raw()
        {
            if (!Compressed) return Bytes;
            using var decompressor = new Decompressor();
            return decompressor.Unwrap(Bytes).ToArray();
        }
    }
}
