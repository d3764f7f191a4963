using Gofer.Domain.Runs;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>Looks at the end only: until then a run may be under way.</summary>
internal sealed class AcknowledgedRunsEnd : Invariant
{
    public override string Sentence => "Each acknowledged run is there, and in the end in one terminal state";

    public override Task CheckAsync(Evidence evidence)
    {
        var runs = evidence.Runs.ToDictionary(r => r.Id);
        foreach (var acknowledged in evidence.Acknowledged)
        {
            if (!runs.TryGetValue(acknowledged.Run, out var run)) Violated($"Run {acknowledged.Run} of {acknowledged.Request.Id} was acknowledged and is lost.");
            else if (run.Number != acknowledged.Number) Violated($"Run {acknowledged.Run} was acknowledged as number {acknowledged.Number} and is {run.Number}.");
            else if (evidence.Final && !run.State.IsFinal()) Violated($"Run {run} ({run.Id}) is {run.State} in the end.");
        }

        return Task.CompletedTask;
    }
}

internal sealed class RunsComeFromRequests : Invariant
{
    public override string Sentence => "Each run comes from a request that was acknowledged or whose answer is not known";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var run in evidence.Runs)
        {
            if (run.Request is null || !evidence.Clients.Sent.ContainsKey(run.Request)) Violated($"Run {run} ({run.Id}) comes from nowhere.");
        }

        return Task.CompletedTask;
    }
}

internal sealed class OneRunForEachRequest : Invariant
{
    public override string Sentence => "A request makes one run, however often it is sent under its idempotency key";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var runs in evidence.Runs.Where(r => r.Request is not null).GroupBy(r => r.Request))
        {
            if (runs.Count() > 1) Violated($"Request {runs.Key} made the runs {string.Join(", ", runs.Select(r => r.ToString()))}.");
        }

        return Task.CompletedTask;
    }
}

internal sealed class AnswersAreTrue : Invariant
{
    public override string Sentence => "Servers answer what they did, say 503 where they cannot, and never fail";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var contradiction in evidence.Clients.Contradictions) Violated(contradiction);
        return Task.CompletedTask;
    }
}

internal sealed class NumbersHaveNoGaps : Invariant
{
    public override string Sentence => "Runs of a pipeline are numbered from 1 without gaps, and the head knows the last";

    public override async Task CheckAsync(Evidence evidence)
    {
        var wrong = await evidence.Connection.ListAsync(
            """
            select p.name, count(r.number), coalesce(max(r.number), 0), h.last_run,
                (select count(*) from gofer.run_numbers n join gofer.runs x on x.id = n.run_id and x.number = n.number where n.pipeline_id = p.id)
            from gofer.pipelines p join gofer.pipeline_heads h on h.pipeline_id = p.id left join gofer.runs r on r.pipeline_id = p.id
            group by p.id, p.name, h.last_run
            """,
            row => (Pipeline: row.GetString(0), Count: row.GetInt64(1), Last: row.GetInt64(2), Head: row.GetInt64(3), Numbers: row.GetInt64(4)),
            evidence.Stopping);
        foreach (var (pipeline, count, last, head, numbers) in wrong.Where(w => w.Count != w.Last || w.Head != w.Last || w.Numbers != w.Last))
        {
            Violated($"{pipeline} has {count} runs, the last is number {last}, the head says {head}, {numbers} numbers lead to their run.");
        }
    }
}

/// <summary>Rows that were terminal once are compared as they were then: all of them in every fifth pass and in the last.</summary>
internal sealed class TerminalRowsNeverChange : Invariant
{
    private readonly Dictionary<Guid, string> _rows = [];
    private int _judged;

    public override string Sentence => "A terminal row never changes";

    public override async Task CheckAsync(Evidence evidence)
    {
        var wanted = evidence.Final || evidence.Pass % 5 == 0 ? evidence.Runs.Where(r => r.State.IsFinal()) : evidence.Ended;
        var rows = await evidence.Connection.ListAsync(
            """
            select r.id, md5(r::text || (select string_agg(e::text, '|' order by e.task) from gofer.task_executions e where e.run_id = r.id))
            from gofer.runs r where r.id = any($1)
            """,
            row => (Run: row.GetGuid(0), Hash: row.GetString(1)), evidence.Stopping, wanted.Select(r => r.Id).ToArray());
        foreach (var (run, hash) in rows)
        {
            if (!_rows.TryAdd(run, hash) && _rows[run] != hash) Violated($"The rows of run {run} changed after it had ended.");
        }

        foreach (var write in evidence.Audit.Writes.Skip(_judged))
        {
            if (write.Before is "succeeded" or "failed" or "cancelled" or "skipped") Violated($"Task {write.Task} of {write.Run} went from {write.Before} to {write.After}.");
        }

        _judged = evidence.Audit.Writes.Count;
    }
}

internal sealed class RunStateFollowsItsTasks : Invariant
{
    public override string Sentence => "A run's state is the pure function of its tasks' states";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var run in evidence.Ended)
        {
            var tasks = evidence.Tasks[run.Id].Where(t => run.Pipeline.ScriptOf(t.Task) is not null)
                .Select(t => (t.State, run.Pipeline.Graph.Nodes[t.Task].Definition.AllowFailure));
            var outcome = RunOutcome.Of(tasks, run.StoppedBy);
            if (outcome != run.State) Violated($"Run {run} ({run.Id}) is {run.State}; its tasks make it {outcome?.ToString() ?? "unfinished"}.");
        }

        return Task.CompletedTask;
    }
}
