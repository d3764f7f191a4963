using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Load;

namespace Gofer.Tests.Chaos.Checks.Invariants;

/// <summary>
/// Nothing that the harness does kills a task's own processes, so every attempt ends as its script has it, under whichever worker, and the
/// number of attempts follows. What may come instead is a stop of the run: then the task is cancelled, for the run's reason.
/// </summary>
internal sealed class ScriptsDecideOutcomes : Invariant
{
    public override string Sentence => "A task that nobody cancelled comes to what its script says, attempt by attempt, whoever died meanwhile";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var run in evidence.Ended)
        {
            if (run.StoppedBy == Reasons.UserCancelled && !evidence.Clients.CancelAsked.ContainsKey(run.Id))
            {
                Violated($"Run {run} ({run.Id}) is cancelled, and nobody had asked for that.");
            }

            foreach (var task in evidence.Tasks[run.Id])
            {
                if (run.Pipeline.ScriptOf(task.Task) is not { } script) continue;
                var node = run.Pipeline.Graph.Nodes[task.Task];
                var where = $"ask {node.Id} of {run} ({run.Id})";
                var endings = script.EndingsOf(node.Id);
                foreach (var attempt in evidence.Attempts[run.Id].Where(a => a.Task == task.Task))
                {
                    var said = attempt.Attempt < endings.Count ? endings[attempt.Attempt - 1] : (Ending?)null;
                    if (said is not { IsGood: false } ending || !Is(ending, attempt.Reason, attempt.ExitCode))
                    {
                        Violated(
                            $"Attempt {attempt.Attempt} of t{where} came to {attempt.Reason} with exit code {attempt.ExitCode}, and another followed; "
                            + $"its script has {said?.ToString() ?? "no other after it"}.");
                    }
                }

                var good = task.State switch
                {
                    TaskState.Succeeded => task.Attempt == endings.Count && endings[^1].IsGood && task.ExitCode == 0,
                    TaskState.Failed => task.Attempt == endings.Count && !endings[^1].IsGood && Is(endings[^1], task.Reason, task.ExitCode),
                    TaskState.Cancelled => run.StoppedBy is not null && task.Reason == run.StoppedBy && task.Attempt <= endings.Count,
                    _ => true,
                };
                if (!good)
                {
                    Violated(
                        $"T{where} is {task.State}/{task.Reason} with exit code {task.ExitCode} after {task.Attempt} attempts, its run stopped by "
                        + $"{run.StoppedBy ?? "nobody"}; its script has {string.Join(", ", endings)}.");
                }
            }
        }

        return Task.CompletedTask;
    }

    private static bool Is(Ending ending, string? reason, int? exitCode) =>
        ending.Overruns ? reason == Reasons.Timeout && exitCode is null or > 0 : reason == Reasons.ExitCode && exitCode == ending.ExitCode;
}

internal sealed class OneStartForEachAttempt : Invariant
{
    private readonly Dictionary<(Guid Run, string Task, int Attempt, string What), int> _seen = [];
    private int _judged;

    public override string Sentence => "An attempt starts once and ends once, and what is called ended has ended";

    public override Task CheckAsync(Evidence evidence)
    {
        foreach (var note in evidence.Journal.Notes.Skip(_judged))
        {
            var key = (note.Run, note.Task, note.Attempt, note.What);
            _seen[key] = _seen.GetValueOrDefault(key) + 1;
            if (_seen[key] > 1) Violated($"Attempt {note.Attempt} of task {note.Task} of run {note.Run} has {_seen[key]} times '{note.What}' in the journal.");
        }

        _judged = evidence.Journal.Notes.Count;
        foreach (var run in evidence.Ended)
        {
            var last = evidence.Tasks[run.Id].Where(t => t.State is TaskState.Succeeded or TaskState.Failed && run.Pipeline.ScriptOf(t.Task) is not null)
                .Select(t => (t.Task, t.Attempt, t.Reason));
            foreach (var (task, attempt, reason) in evidence.Attempts[run.Id].Select(a => (a.Task, a.Attempt, a.Reason)).Concat(last))
            {
                var id = run.Pipeline.Graph.Nodes[task].Id;
                var started = Has("start");
                // One that was stopped may have been stopped before its shell came to its first line.
                if (reason == Reasons.Timeout ? started && !Has("stopped") && !Has("end") : !started || !Has("end"))
                {
                    Violated($"Attempt {attempt} of task {id} of {run} ({run.Id}) is over ({reason ?? "well"}) and did not run to its end.");
                }

                bool Has(string what) => _seen.ContainsKey((run.Id, id, attempt, what));
            }
        }

        return Task.CompletedTask;
    }
}
