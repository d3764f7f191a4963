using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Load;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>
/// Who follows the container keeps its timeout, so a stop may be late by as long as nobody followed it; it is never early. That an overrun
/// came to nothing but <c>timeout</c>, and nothing else did, is for <see cref="ScriptsDecideOutcomes"/>.
/// </summary>
internal sealed class TimeoutsStopWhatOverran : Invariant
{
    /// <summary>A worker carries the database's clock on and reads it through a slow proxy.</summary>
    private static readonly TimeSpan s_clocks = TimeSpan.FromMilliseconds(250);

    public override string Sentence => "A task that overruns its timeout is stopped, not before that is over, and never comes to its own end";

    public override Task CheckAsync(Evidence evidence)
    {
        var notes = evidence.Journal.Notes.Where(n => n.What is "stopped" or "end").ToLookup(n => (n.Run, n.Task, n.Attempt));
        foreach (var run in evidence.Ended)
        {
            var last = evidence.Tasks[run.Id].Where(t => run.Pipeline.ScriptOf(t.Task) is not null && t.EndedAt is not null && t.State != TaskState.Skipped)
                .Select(t => new AttemptFact(t.Task, t.Attempt, t.Reason, t.ExitCode, t.StartedAt, t.EndedAt!.Value));
            foreach (var attempt in evidence.Attempts[run.Id].Concat(last))
            {
                var node = run.Pipeline.Graph.Nodes[attempt.Task];
                var endings = run.Pipeline.ScriptOf(attempt.Task)!.EndingsOf(node.Id);
                var where = $"Attempt {attempt.Attempt} of task {node.Id} of {run} ({run.Id})";
                var own = notes[(run.Id, node.Id, attempt.Attempt)].ToList();
                if (attempt.Attempt <= endings.Count && attempt.Attempt > 0 && endings[attempt.Attempt - 1].Overruns && own.Find(n => n.What == "end") is { } end)
                {
                    Violated($"{where} came to its own end {(end.At - attempt.StartedAt)?.TotalSeconds:0.0} s after its start, and nobody had stopped it.");
                }

                if (attempt.Reason != Reasons.Timeout) continue;
                if (node.Definition.Timeout is not { } limit)
                {
                    Violated($"{where} failed by a timeout, and has none.");
                    continue;
                }

                var ran = own.Select(n => n.At).DefaultIfEmpty(attempt.EndedAt).Max() - attempt.StartedAt;
                if (ran is null || ran < limit - s_clocks) Violated($"{where} was stopped after {ran?.TotalMilliseconds:0} ms; its timeout is {limit.TotalMilliseconds:0}.");
            }
        }

        return Task.CompletedTask;
    }
}

/// <summary>What a stop of the run, its timeout's or a cancel's, leaves to happen: what runs is stopped, and that is said.</summary>
internal sealed class StoppedRunsComeToNothing : Invariant
{
    /// <summary>What a stored time may differ by.</summary>
    private static readonly TimeSpan s_resolution = TimeSpan.FromMilliseconds(1);

    public override string Sentence => "A run's timeout stops it when that is over, once and not before; in a run that was stopped nothing more becomes ready, ends well or fails";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var run in evidence.Ended)
        {
            var events = evidence.Events[run.Id].ToList();
            var timedOut = events.Count(e => e.Type == EventTypes.RunTimedOut);
            var byTimeout = run.StoppedBy == Reasons.RunTimeout;
            if (timedOut != (byTimeout ? 1 : 0)) Violated($"Run {run} ({run.Id}) was stopped by {run.StoppedBy ?? "nobody"} and tells {timedOut} times of its timeout.");
            if (byTimeout != (run is { State: RunState.Failed, Reason: Reasons.RunTimeout }))
            {
                Violated($"Run {run} ({run.Id}) was stopped by {run.StoppedBy ?? "nobody"} and is {run.State}/{run.Reason}.");
            }

            Judge(run, [.. evidence.Audit.Stops[run.Id]]);
            if (events.Find(e => e.Type is EventTypes.RunTimedOut or EventTypes.RunCancelRequested) is { } stop) Follow(run, events, stop.Seq);
        }

        return Task.CompletedTask;
    }

    /// <summary>By the database's own clock at the moment of the write, which was sent when the timer was found due.</summary>
    private void Judge(RunFact run, List<(string? Reason, DateTimeOffset At)> stops)
    {
        if (stops.Count != (run.StoppedBy is null ? 0 : 1)) Violated($"Run {run} ({run.Id}) was stopped {stops.Count} times and says: by {run.StoppedBy ?? "nobody"}.");
        foreach (var (_, at) in stops.Where(s => s.Reason == Reasons.RunTimeout))
        {
            if (run.Pipeline.Document.Timeout is not { } limit) Violated($"Run {run} ({run.Id}) was stopped by its timeout, and has none.");
            else if (run.StartedAt is not { } start || at < start + limit - s_resolution)
            {
                Violated($"Run {run} ({run.Id}) was stopped {(at - run.StartedAt)?.TotalMilliseconds:0} ms after its start; its timeout is {limit.TotalMilliseconds:0}.");
            }
        }
    }

    private void Follow(RunFact run, List<EventFact> events, int stop)
    {
        var claimed = events.Where(e => e.Seq < stop && e.Type == EventTypes.TaskStarting).Select(e => (e.Task, e.Attempt)).ToHashSet();
        foreach (var e in events.Where(e => e.Seq > stop))
        {
            var may = e.Type switch
            {
                // Whoever takes over what may run still does so to stop it.
                EventTypes.TaskStarting => claimed.Contains((e.Task, e.Attempt)),
                EventTypes.TaskReady or EventTypes.TaskHeld or EventTypes.TaskRetried or EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskSkipped => false,
                _ => true,
            };
            if (!may)
            {
                Violated($"In {run} ({run.Id}), stopped by {run.StoppedBy} in event {stop}, event {e.Seq} is {e.Type} of attempt {e.Attempt} of task {run.Pipeline.Graph.Nodes[e.Task!.Value].Id}.");
            }
        }
    }
}
