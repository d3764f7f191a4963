using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>
/// A worker's death costs no attempt: whoever takes a task over goes on with the one that there is. So attempts count from 1, and the next
/// comes after the one before was recorded as failed, and after nothing else.
/// </summary>
internal sealed class AttemptsAreCounted : Invariant
{
    public override string Sentence => "Attempts are counted without gaps up to the policy's maximum, each is kept, and another comes only after one that failed";

    public override Task CheckAsync(Evidence evidence)
    {
        var starts = evidence.Journal.Notes.Where(n => n.What == "start").ToLookup(n => (n.Run, n.Task), n => n.Attempt);
        foreach (var run in evidence.Ended)
        {
            foreach (var task in evidence.Tasks[run.Id].Where(t => run.Pipeline.ScriptOf(t.Task) is not null))
            {
                var node = run.Pipeline.Graph.Nodes[task.Task];
                var where = $"Task {node.Id} of {run} ({run.Id})";
                var kept = evidence.Attempts[run.Id].Where(a => a.Task == task.Task).Select(a => a.Attempt).ToList();
                // One that was cancelled while it waited for its next attempt has begun none after the last that failed.
                var before = task.State == TaskState.Cancelled && kept.Count == task.Attempt ? task.Attempt : Math.Max(0, task.Attempt - 1);
                if (!kept.SequenceEqual(Enumerable.Range(1, before))) Violated($"{where} came to attempt {task.Attempt}, and kept are {string.Join(' ', kept)}.");
                if (task.Attempt > node.Definition.Retry.MaxAttempts) Violated($"{where} came to attempt {task.Attempt}; {node.Definition.Retry.MaxAttempts} are allowed.");
                foreach (var attempt in starts[(run.Id, node.Id)].Where(a => a < 1 || a > task.Attempt))
                {
                    Violated($"{where} started as attempt {attempt}, and came to {task.Attempt} only.");
                }

                Follow(where, [.. evidence.Events[run.Id].Where(e => e.Task == task.Task)], kept);
            }
        }

        // In the order of their ids only all of them tell a story.
        if (!evidence.Final) return Task.CompletedTask;
        foreach (var writes in evidence.Audit.Writes.GroupBy(w => (w.Run, w.Task)))
        {
            var (state, attempt) = ("waiting", 0);
            foreach (var write in writes.OrderBy(w => w.Id))
            {
                // The first may have been written with the run, which is no update, and what waits for a slot has its number already.
                var next = attempt == 0 || (write.Before == "waiting" && state == "waiting") ? attempt + 1 : attempt;
                if (write.Attempt != attempt && write.Attempt != next)
                {
                    Violated($"Task {write.Task} of {write.Run} went from {write.Before} to {write.After} and from attempt {attempt} to {write.Attempt}.");
                }

                (state, attempt) = (write.After, write.Attempt);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>By the events of one task: nothing is said of an attempt before the one before it had failed.</summary>
    private void Follow(string where, List<EventFact> events, List<int> kept)
    {
        var failed = 0;
        foreach (var e in events)
        {
            var may = e.Type switch
            {
                EventTypes.TaskSkipped => e.Attempt == 0,
                EventTypes.TaskCancelled => e.Attempt == failed || e.Attempt == failed + 1,
                _ => e.Attempt == failed + 1,
            };
            if (!may) Violated($"{where} says {e.Type} of attempt {e.Attempt} (event {e.Seq}), and {failed} attempts had failed.");
            if (e.Type == EventTypes.TaskRetried) failed++;
        }

        if (failed != kept.Count) Violated($"{where} tells of {failed} attempts that failed, and kept are {string.Join(' ', kept)}.");
    }
}

/// <summary>
/// By the database's clock, which says when a timer is due, and by the tasks' own. How long the wait is, the policy bounds; the draw is the
/// engine's.
/// </summary>
internal sealed class BackoffsAreKept : Invariant
{
    /// <summary>What two readings of one machine's clock, and a stored time, may differ by.</summary>
    private static readonly TimeSpan s_resolution = TimeSpan.FromMilliseconds(1);

    public override string Sentence => "The next attempt neither enters the queue nor starts before the wait after the failed one is over";

    public override Task CheckAsync(Evidence evidence)
    {
        var starts = evidence.Journal.Notes.Where(n => n.What == "start").ToLookup(n => (n.Run, n.Task, n.Attempt), n => n.At);
        var ready = evidence.Audit.Writes.Where(w => w is { Attempt: > 1, Before: "waiting", After: "ready" or "starting" }).ToLookup(w => (w.Run, w.Task, w.Attempt), w => w.At);
        foreach (var run in evidence.Ended)
        {
            foreach (var failed in evidence.Events[run.Id].Where(e => e.Type == EventTypes.TaskRetried))
            {
                var (task, next) = (failed.Task!.Value, failed.Attempt!.Value + 1);
                var node = run.Pipeline.Graph.Nodes[task];
                var where = $"attempt {next} of task {node.Id} of {run} ({run.Id})";
                if (failed.NextAt is not { } due)
                {
                    Violated($"Nothing says when {where} is due.");
                    continue;
                }

                if (due < failed.At - s_resolution || due - failed.At > Longest(node.Definition.Retry, next - 1) + s_resolution)
                {
                    Violated($"The wait before {where} is {(due - failed.At).TotalMilliseconds:0} ms; the policy has up to {Longest(node.Definition.Retry, next - 1).TotalMilliseconds:0}.");
                }

                foreach (var at in ready[(run.Id, task, next)].Where(at => at < due - s_resolution))
                {
                    Violated($"In the queue was {where} {(due - at).TotalMilliseconds:0} ms before it was due.");
                }

                foreach (var at in starts[(run.Id, node.Id, next)].Where(at => at < due - s_resolution))
                {
                    Violated($"Started was {where} {(due - at).TotalMilliseconds:0} ms before it was due.");
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>As the documentation has it: <c>min(max_delay, initial_delay × factor^(failures − 1))</c>.</summary>
    private static TimeSpan Longest(RetryPolicy policy, int failures)
    {
        var wait = policy.InitialDelay;
        for (var i = 1; i < failures && wait < policy.MaxDelay; i++) wait *= policy.Factor;
        return wait < policy.MaxDelay ? wait : policy.MaxDelay;
    }
}
