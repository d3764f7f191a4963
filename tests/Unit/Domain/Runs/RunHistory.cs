using System.Globalization;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>One run from creation to its end, every choice drawn from the seed; what an engine around it does is done here by the plainest means.</summary>
internal sealed class RunHistory
{
    private static readonly DateTimeOffset s_now = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RunId s_id = new(Guid.Parse("019b7c00-0000-7000-8000-000000000001"));
    private static readonly WorkerId s_worker = new(Guid.Parse("019b7c00-0000-7000-8000-000000000002"));
    private static readonly Func<TaskExecution, object> s_clone = typeof(object)
        .GetMethod("MemberwiseClone", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!
        .CreateDelegate<Func<TaskExecution, object>>();

    private readonly Random _random;
    private readonly HistoryCounts _counts;
    private readonly bool _whole;
    private readonly TaskGraph _graph;
    private readonly int[][] _outcomes; // what each attempt's container comes to, were it to run
    private readonly int _slots; // how many tasks may hold a slot at a time
    private readonly List<string> _story = [];
    private readonly HashSet<int> _cancelledTasks = [];
    private readonly HashSet<int> _holders = [];
    private readonly Dictionary<int, long> _fences = [];
    private readonly Dictionary<int, List<FailedAttempt>> _failed = [];
    private readonly HashSet<string> _met = [];
    private string? _stoppedBy;
    private Run _run;

    public RunHistory(int seed, HistoryCounts counts, bool whole)
    {
        (_random, _counts, _whole) = (new Random(seed), counts, whole);
        _graph = RandomGraphs.Of(_random);
        _outcomes = [.. Enumerable.Range(0, _graph.Count).Select(_ => Enumerable.Range(0, 5).Select(_ => _random.Next(4)).ToArray())];
        _slots = _random.Next(1, 4);
        if (_graph.Nodes.Any(n => n.Definition.AllowFailure)) Meet(nameof(HistoryCounts.AllowFailure));
        if (_graph.Nodes.Any(n => n.IsJoin)) Meet(nameof(HistoryCounts.Matrix));
        _run = Run.Create(s_id, _graph, s_now, isCapped: _random.Next(6) == 0, reused: TakenOver());
        foreach (var e in _run.NewEvents) Tell(e);
        _run = Restore(Enumerable.Range(0, _graph.Count), _run);
    }

    public string Play()
    {
        var cancelAt = _random.Next(5) == 0 ? _random.Next(2 * _graph.Count) : -1;
        var timeoutAt = _random.Next(5) == 0 ? _random.Next(1, (2 * _graph.Count) + 1) : -1;
        var cancelTaskAt = _random.Next(5) == 0 ? _random.Next(2 * _graph.Count) : -1;
        Admit(cancelAt == 0);
        for (var step = 1; !_run.State.IsFinal(); step++)
        {
            Assert.True(step < 400 * (_graph.Count + 1), "The run does not end.");
            if (step == cancelAt) Stop(Reasons.UserCancelled);
            if (step == timeoutAt) Stop(Reasons.RunTimeout);
            if (step == cancelTaskAt) CancelTask(_random.Next(_graph.Count));
            var can = _run.Tasks.Values.Where(CanMove).OrderBy(t => t.Task).ToList();
            if (can.Count == 0) break;
            Move(can[_random.Next(can.Count)]);
            CheckInvariants();
        }

        foreach (var name in _met) Interlocked.Increment(ref Counter(name));
        new RunOracle(_graph, _run, _story, _failed, _cancelledTasks, _stoppedBy, _outcomes).Judge();
        return $"{_run.State} {string.Join(' ', _run.Tasks.Values.OrderBy(t => t.Task).Select(t => $"{t.State}/{t.SkippedBy}/{t.Fence}/{t.Attempt}"))} | {string.Join(' ', _story)}";
    }

    /// <summary>Some success of an earlier run: a task's only where all before it are taken over too.</summary>
    private Dictionary<int, Reused>? TakenOver()
    {
        if (_random.Next(6) > 0) return null;
        var taken = new Dictionary<int, Reused>();
        for (var changed = true; changed;)
        {
            changed = false;
            for (var t = 0; t < _graph.Count; t++)
            {
                if (_graph.Nodes[t].IsJoin || taken.ContainsKey(t) || _random.Next(2) == 0) continue;
                if (!_graph.ParentsOf(t).All(p => p.Condition != ParentCondition.Failure && !_graph.Nodes[p.Task].IsJoin && taken.ContainsKey(p.Task))) continue;
                taken[t] = new Reused(s_id, 1, t, 1, 0, null, s_now, s_now);
                changed = true;
            }
        }

        if (taken.Count == 0 || taken.Count == _graph.Nodes.Count(n => !n.IsJoin)) return null;
        Meet(nameof(HistoryCounts.Reused));
        return taken;
    }

    private static bool CanMove(TaskExecution task) =>
        task.State.IsHeld() || task.State == TaskState.Ready || task is { State: TaskState.Waiting, WaitingFor: not null };

    private void Admit(bool cancelFirst)
    {
        Assert.DoesNotContain(_run.Tasks.Values, t => t.State == TaskState.Ready);
        if (cancelFirst) Stop(Reasons.UserCancelled);
        if (!_run.State.IsFinal()) Change(Enumerable.Range(0, _graph.Count), r => Assert.True(r.Admit(s_now)));
        Change([], r => Assert.False(r.Admit(s_now)));
    }

    private void Move(TaskExecution task)
    {
        if (task.State == TaskState.Ready) TakeReady(task);
        else if (task.State.IsHeld()) Advance(task);
        else if (task.WaitingFor == WaitingFor.Retry) Change([task.Task], r => Assert.True(r.Retry(task.Task, s_now)));
        else if (_holders.Count < _slots) Change([task.Task], r => Grant(r, task.Task));
        else Change([], _ => { }); // no slot yet
    }

    private void TakeReady(TaskExecution task)
    {
        // A task that was requeued may be condemned, and is lost where nobody reaches its back end; every other is claimed.
        if (task is { Backend: not null, StopRequestedAt: null, Deaths: > 0 } && _random.Next(2) == 0)
        {
            Meet(nameof(HistoryCounts.Condemned));
            Change([task.Task], r => Assert.True(r.Condemn(task.Task, "poison", s_now)));
        }
        else if (task.Backend is not null && _random.Next(3) == 0)
        {
            Meet(nameof(HistoryCounts.Lost));
            Change([task.Task], r => Assert.True(r.Lose(task.Task, "nobody there", s_now)));
        }
        else
        {
            Assert.False(_stoppedBy is not null && task.StopRequestedAt is null, "Something was ready after the cancel that was not to be stopped.");
            Change([task.Task], r => Assert.True(r.Claim(task.Task, s_worker, "b", "s", "n", s_now)));
            Assert.True(_run.Tasks[task.Task].Fence > _fences.GetValueOrDefault(task.Task));
            _fences[task.Task] = _run.Tasks[task.Task].Fence;
        }
    }

    private void Advance(TaskExecution task)
    {
        var fence = task.Fence;
        if (_random.Next(6) == 0)
        {
            // somebody who lost the task, or never had it, speaks of it
            Meet(nameof(HistoryCounts.Late));
            var (before, seq) = (Snapshot(), _run.EventSeq);
            Change([task.Task], r => Assert.False(r.Complete(task.Task, s_worker, fence - 1, new TaskOutcome.Exited(0, false, s_now, null), s_now)));
            Change([task.Task], r => Assert.False(r.Start(task.Task, new WorkerId(Guid.Empty), fence, s_now, null, s_now)));
            Assert.Equal((before, seq), (Snapshot(), _run.EventSeq));
        }
        else if (_random.Next(5) == 0)
        {
            Meet(nameof(HistoryCounts.Requeued));
            Change([task.Task], r => Assert.True(r.Requeue(task.Task, s_worker, fence, "gone", died: _random.Next(2) == 0, s_now)));
        }
        else if (task.State == TaskState.Starting && _random.Next(3) > 0)
        {
            Change([task.Task], r => Assert.True(r.Start(task.Task, s_worker, fence, s_now, null, s_now)));
        }
        else
        {
            Complete(task, fence);
        }
    }

    private void Complete(TaskExecution task, long fence)
    {
        var drawn = _outcomes[task.Task][task.Attempt];
        var outcome = RunOracle.OutcomeOf(drawn, task, s_now);
        if (outcome is TaskOutcome.TimedOut) Meet(nameof(HistoryCounts.TimedOut));
        Change([task.Task], r => Assert.True(r.Complete(task.Task, s_worker, fence, outcome, s_now)));
        if (_random.Next(4) > 0) return;
        Meet(nameof(HistoryCounts.Late));
        var after = Snapshot();
        Change([task.Task], r => Assert.False(r.Complete(task.Task, s_worker, fence, outcome, s_now)));
        Assert.Equal(after, Snapshot());
    }

    private void Stop(string reason)
    {
        if (_run.State.IsFinal() || _stoppedBy is not null) return;
        Meet(reason == Reasons.RunTimeout ? nameof(HistoryCounts.RunTimeout) : nameof(HistoryCounts.Cancel));
        Change(Enumerable.Range(0, _graph.Count), r => Assert.True(r.Cancel("enough", s_now, reason)));
        Change(Enumerable.Range(0, _graph.Count), r => Assert.False(r.Cancel("again", s_now)));
        _stoppedBy = reason;
    }

    private void CancelTask(int task)
    {
        if (_run.Tasks[task].State.IsFinal() || _graph.Nodes[task].IsJoin) return;
        Meet(nameof(HistoryCounts.CancelTask));
        Change([task], r => _ = r.CancelTask(task, "enough", s_now));
        _cancelledTasks.Add(task);
    }

    private void Grant(Run run, int task)
    {
        Assert.True(_holders.Add(task));
        run.Grant(task, s_now);
    }

    /// <summary>One transaction: the run is restored, with what the event touches or with everything, changed, and what it missed is brought.</summary>
    private void Change(IEnumerable<int> touched, Action<Run> change)
    {
        var readyBefore = _run.Tasks.Values.Where(t => t.State == TaskState.Ready).Select(t => t.Task).ToHashSet();
        var waitedBefore = _run.Tasks.Values.Where(t => t.WaitingFor is not null).Select(t => t.Task).ToHashSet();
        var finalBefore = _run.Tasks.Values.Where(t => t.State.IsFinal()).ToDictionary(t => t.Task, t => (t.State, t.ExitCode, t.SkippedBy));
        var run = Restore(_whole ? Enumerable.Range(0, _graph.Count) : touched);
        change(run);
        while (run.Missing.Count > 0) run.Supply(run.Missing.Select(t => Copy(_run.Tasks[t])).ToList(), s_now);
        foreach (var task in run.Freed) Assert.True(_holders.Remove(task), "A slot was freed that nobody held.");
        foreach (var task in run.Wanting.Order())
        {
            if (_holders.Count < _slots) Grant(run, task);
            else
            {
                Meet(nameof(HistoryCounts.Held));
                run.Hold(task, "no slot", s_now);
            }
        }

        foreach (var e in run.NewEvents) Tell(e);
        foreach (var attempt in run.FailedAttempts)
        {
            Meet(nameof(HistoryCounts.Retried));
            (_failed.TryGetValue(attempt.Task, out var list) ? list : _failed[attempt.Task] = []).Add(attempt);
        }

        var (enqueued, unheld) = (run.Enqueued.ToList(), run.Unheld.ToList());
        _run = Restore(Enumerable.Range(0, _graph.Count), run);

        // A queue row for what became ready, and for nothing else; what waited and does not is told, so that its rows go.
        var ready = _run.Tasks.Values.Where(t => t.State == TaskState.Ready).Select(t => t.Task).ToHashSet();
        Assert.Equal(ready.Except(readyBefore).Order(), enqueued.Where(t => ready.Contains(t)).Order());
        Assert.Empty(waitedBefore.Where(t => _run.Tasks[t].WaitingFor is null).Except(unheld));
        foreach (var (task, was) in finalBefore) Assert.Equal(was, (_run.Tasks[task].State, _run.Tasks[task].ExitCode, _run.Tasks[task].SkippedBy));
    }

    private Run Restore(IEnumerable<int> tasks, Run? changed = null)
    {
        var from = changed ?? _run;
        return new Run(_run.Id, _graph, tasks.Select(t => Copy(changed?.Tasks.GetValueOrDefault(t) ?? _run.Tasks[t])))
        {
            State = from.State,
            Reason = from.Reason,
            Message = from.Message,
            Open = from.Open,
            FirstFailed = from.FirstFailed,
            FirstCancelled = from.FirstCancelled,
            EventSeq = from.EventSeq,
            StartedAt = from.StartedAt,
            EndedAt = from.EndedAt,
            CancelRequestedAt = from.CancelRequestedAt,
            CancelReason = from.CancelReason,
            CancelMessage = from.CancelMessage,
            Priority = from.Priority,
            IsCapped = from.IsCapped,
        };
    }

    private static TaskExecution Copy(TaskExecution task) => (TaskExecution)s_clone(task);

    private string Snapshot() =>
        $"{_run.State} {_run.Open} {string.Join(' ', _run.Tasks.Values.OrderBy(t => t.Task).Select(t => $"{t.State} {t.Fence} {t.Attempt} {t.OpenParents} {t.BlockedBy}"))}";

    private void CheckInvariants()
    {
        Assert.Equal(_run.Open, _run.Tasks.Values.Count(t => !t.State.IsFinal()));
        Assert.True(_holders.Count <= _slots, "A limit was exceeded.");
        foreach (var task in _run.Tasks.Values)
        {
            Assert.Equal(_holders.Contains(task.Task), task.HoldsSlots);
            if (task.State is not (TaskState.Ready or TaskState.Starting or TaskState.Running)) continue;
            Assert.True(task.HoldsSlots || !(_run.IsCapped || _graph.Nodes[task.Task].Definition.Concurrency is not null), "A task under a limit has no slot.");
            foreach (var parent in _graph.ParentsOf(task.Task).Where(p => p.Condition == ParentCondition.Success))
            {
                Assert.Equal(TaskState.Succeeded, _run.Tasks[parent.Task].State);
            }
        }
    }

    private void Tell(RunEvent e) => _story.Add(string.Create(CultureInfo.InvariantCulture, $"{e.Seq}:{e.Type}:{e.Task}"));

    private void Meet(string name) => _met.Add(name);

    private ref int Counter(string name)
    {
        switch (name)
        {
            case nameof(HistoryCounts.Cancel): return ref _counts.Cancel;
            case nameof(HistoryCounts.CancelTask): return ref _counts.CancelTask;
            case nameof(HistoryCounts.RunTimeout): return ref _counts.RunTimeout;
            case nameof(HistoryCounts.AllowFailure): return ref _counts.AllowFailure;
            case nameof(HistoryCounts.Late): return ref _counts.Late;
            case nameof(HistoryCounts.Requeued): return ref _counts.Requeued;
            case nameof(HistoryCounts.Lost): return ref _counts.Lost;
            case nameof(HistoryCounts.Retried): return ref _counts.Retried;
            case nameof(HistoryCounts.TimedOut): return ref _counts.TimedOut;
            case nameof(HistoryCounts.Held): return ref _counts.Held;
            case nameof(HistoryCounts.Matrix): return ref _counts.Matrix;
            case nameof(HistoryCounts.Condemned): return ref _counts.Condemned;
            default: return ref _counts.Reused;
        }
    }
}
