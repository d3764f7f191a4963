using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>
/// Random graphs × random outcomes × random orders of events, driven through the aggregate and judged by an oracle that was written from
/// the rules alone. Everything random comes from one seed, so a failing case is printed and can be run again.
/// </summary>
public sealed class RunPropertyTests
{
    private const int Cases = 100_000;

    [Fact]
    public void Every_history_ends_in_one_terminal_state_that_the_rules_predict()
    {
        var counts = new Counts();
        Gen.Int.Sample(seed => new History(seed, counts, whole: true).Play(), iter: Cases, threads: 2);
        counts.Check(TestContext.Current.TestOutputHelper!, Cases);
    }

    [Fact]
    public void A_run_loaded_in_part_behaves_as_one_loaded_whole() => Gen.Int.Sample(
        seed =>
        {
            var whole = new History(seed, new Counts(), whole: true).Play();
            var parts = new History(seed, new Counts(), whole: false).Play();
            Assert.Equal(whole, parts);
        },
        iter: 10_000, threads: 2);

    /// <summary>How often each kind of case came up: a property that never met the hard cases has shown nothing.</summary>
    private sealed class Counts
    {
        public int Cancel, CancelTask, AllowFailure, Late, Requeued, Lost;

        public void Check(ITestOutputHelper output, int cases)
        {
            foreach (var (name, count) in new[]
            {
                ("cancel of the run", Cancel), ("cancel of a task", CancelTask), ("allow_failure", AllowFailure), ("late or repeated report", Late),
                ("requeue", Requeued), ("lost", Lost),
            })
            {
                output.WriteLine($"{name}: {100.0 * count / cases:0.0} % of cases");
                Assert.True(count >= cases / 20, $"Only {count} of {cases} cases had a {name}.");
            }
        }
    }

    /// <summary>One run from creation to its end, every choice drawn from the seed.</summary>
    private sealed class History
    {
        private static readonly DateTimeOffset Now = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
        private static readonly WorkerId Worker = new(Guid.CreateVersion7(Now));

        private readonly Random _random;
        private readonly Counts _counts;
        private readonly bool _whole;
        private readonly TaskGraph _graph;
        private readonly int[] _outcomes; // what each task's container comes to, were it to run
        private readonly List<string> _story = [];
        private readonly HashSet<int> _cancelledTasks = [];
        private readonly Dictionary<int, long> _fences = [];
        private bool _cancelledRun;
        private Run _run;

        public History(int seed, Counts counts, bool whole)
        {
            (_random, _counts, _whole) = (new Random(seed), counts, whole);
            var size = _random.Next(10) == 0 ? _random.Next(1, 61) : _random.Next(1, 13);
            var width = _random.Next(1, 31);
            var tasks = new TaskDefinition[size];
            for (var i = 0; i < size; i++)
            {
                var parents = new Dictionary<string, ParentCondition>();
                for (var p = Math.Max(0, i - width); p < i; p++)
                {
                    if (_random.Next(Math.Min(i, 6)) == 0) parents[$"t{p}"] = (ParentCondition)_random.Next(3);
                }

                tasks[i] = new TaskDefinition { Id = $"t{i}", Image = "i", DependsOn = parents, AllowFailure = _random.Next(4) == 0 };
            }

            // The document's order is not the order of the graph: parents may stand after their children.
            _random.Shuffle(tasks);
            _graph = new TaskGraph(tasks);
            _outcomes = [.. tasks.Select(_ => _random.Next(3))];
            if (tasks.Any(t => t.AllowFailure)) Interlocked.Increment(ref counts.AllowFailure);
            _run = Run.Create(new RunId(Guid.CreateVersion7(Now)), _graph, Now);
            foreach (var e in _run.NewEvents) _story.Add($"{e.Seq}:{e.Type}:{e.Task}");
        }

        public string Play()
        {
            var cancelAt = _random.Next(5) == 0 ? _random.Next(2 * _graph.Count) : -1;
            var cancelTaskAt = _random.Next(5) == 0 ? _random.Next(2 * _graph.Count) : -1;
            var (late, requeued, lost) = (false, false, false);
            Admit(delayed: _random.Next(4) == 0, cancelAt == 0);
            for (var step = 1; !_run.State.IsFinal(); step++)
            {
                Assert.True(step < 100 * (_graph.Count + 1), "The run does not end.");
                if (step == cancelAt) Cancel();
                if (step == cancelTaskAt) CancelTask(_random.Next(_graph.Count));
                var held = _run.Tasks.Values.Where(t => t.State.IsHeld()).OrderBy(t => t.Task).ToList();
                var ready = _run.Tasks.Values.Where(t => t.State == TaskState.Ready).OrderBy(t => t.Task).ToList();
                if (held.Count + ready.Count == 0) break;
                var pick = _random.Next(held.Count + ready.Count);
                if (pick < ready.Count) lost |= TakeReady(ready[pick]);
                else
                {
                    var (isLate, isRequeued) = Advance(held[pick - ready.Count]);
                    late |= isLate;
                    requeued |= isRequeued;
                }

                CheckInvariants();
            }

            if (late) Interlocked.Increment(ref _counts.Late);
            if (requeued) Interlocked.Increment(ref _counts.Requeued);
            if (lost) Interlocked.Increment(ref _counts.Lost);
            Judge();
            return $"{_run.State} {string.Join(' ', _run.Tasks.Values.OrderBy(t => t.Task).Select(t => $"{t.State}/{t.SkippedBy}/{t.Fence}/{t.Attempt}"))} | {string.Join(' ', _story)}";
        }

        private void Admit(bool delayed, bool cancelFirst)
        {
            if (cancelFirst) Cancel();
            if (delayed) Assert.DoesNotContain(_run.Tasks.Values, t => t.State == TaskState.Ready);
            if (!_run.State.IsFinal()) Change(Enumerable.Range(0, _graph.Count), r => Assert.True(r.Admit(Now)));
            Change([], r => Assert.False(r.Admit(Now)));
        }

        private bool TakeReady(TaskExecution task)
        {
            // A task that was requeued and whose back end nobody reaches is lost; every other is claimed.
            if (task.Backend is not null && _random.Next(3) == 0)
            {
                Change([task.Task], r => Assert.True(r.Lose(task.Task, "nobody there", Now)));
                return true;
            }

            var stopped = task.StopRequestedAt is not null;
            Assert.False(_cancelledRun && !stopped, "Something was ready after the cancel that was not to be stopped.");
            Change([task.Task], r => Assert.True(r.Claim(task.Task, Worker, "b", "s", "n", Now)));
            Assert.True(_run.Tasks[task.Task].Fence > _fences.GetValueOrDefault(task.Task));
            _fences[task.Task] = _run.Tasks[task.Task].Fence;
            return false;
        }

        private (bool Late, bool Requeued) Advance(TaskExecution task)
        {
            var fence = task.Fence;
            if (_random.Next(6) == 0)
            {
                // somebody who lost the task, or never had it, speaks of it
                var (before, seq) = (Snapshot(), _run.EventSeq);
                Change([task.Task], r => Assert.False(r.Complete(task.Task, Worker, fence - 1, new TaskOutcome.Exited(0, false, Now, null), Now)));
                Change([task.Task], r => Assert.False(r.Start(task.Task, new WorkerId(Guid.Empty), fence, Now, null, Now)));
                Assert.Equal((before, seq), (Snapshot(), _run.EventSeq));
                return (true, false);
            }

            if (_random.Next(5) == 0)
            {
                Change([task.Task], r => Assert.True(r.Requeue(task.Task, Worker, fence, "gone", Now)));
                return (false, true);
            }

            if (task.State == TaskState.Starting && _random.Next(3) > 0)
            {
                Change([task.Task], r => Assert.True(r.Start(task.Task, Worker, fence, Now, null, Now)));
                return (false, false);
            }

            TaskOutcome outcome = _outcomes[task.Task] switch
            {
                0 => new TaskOutcome.Exited(0, false, Now, null),
                1 => new TaskOutcome.Exited(1 + _random.Next(255), false, Now, null),
                _ => new TaskOutcome.Refused(Reasons.ImagePull, "no such image"),
            };
            Change([task.Task], r => Assert.True(r.Complete(task.Task, Worker, fence, outcome, Now)));
            if (_random.Next(4) > 0) return (false, false);
            var after = Snapshot();
            Change([task.Task], r => Assert.False(r.Complete(task.Task, Worker, fence, outcome, Now)));
            Assert.Equal(after, Snapshot());
            return (true, false);
        }

        private void Cancel()
        {
            if (_run.State.IsFinal()) return;
            Interlocked.Increment(ref _counts.Cancel);
            Change(Enumerable.Range(0, _graph.Count), r => Assert.True(r.Cancel("enough", Now)));
            Change(Enumerable.Range(0, _graph.Count), r => Assert.False(r.Cancel("again", Now)));
            _cancelledRun = true;
        }

        private void CancelTask(int task)
        {
            if (_run.Tasks[task].State.IsFinal()) return;
            Interlocked.Increment(ref _counts.CancelTask);
            Change([task], r => _ = r.CancelTask(task, "enough", Now));
            _cancelledTasks.Add(task);
        }

        /// <summary>One transaction: the run is restored, with what the event touches or with everything, changed, and what it missed is brought.</summary>
        private void Change(IEnumerable<int> touched, Action<Run> change)
        {
            var enqueuedBefore = _run.Tasks.Values.Where(t => t.State == TaskState.Ready).Select(t => t.Task).ToHashSet();
            var finalBefore = _run.Tasks.Values.Where(t => t.State.IsFinal()).ToDictionary(t => t.Task, t => (t.State, t.ExitCode, t.SkippedBy));
            var run = Restore(_whole ? Enumerable.Range(0, _graph.Count) : touched);
            change(run);
            while (run.Missing.Count > 0) run.Supply(run.Missing.Select(t => Copy(_run.Tasks[t])).ToList(), Now);
            foreach (var e in run.NewEvents) _story.Add($"{e.Seq}:{e.Type}:{e.Task}");
            var enqueued = run.Enqueued.ToList();
            _run = Restore(Enumerable.Range(0, _graph.Count), run);

            var ready = _run.Tasks.Values.Where(t => t.State == TaskState.Ready).Select(t => t.Task).ToHashSet();
            Assert.Equal(ready.Except(enqueuedBefore).Order(), enqueued.Order()); // a queue row for what became ready, and for nothing else
            foreach (var (task, was) in finalBefore) Assert.Equal(was, (_run.Tasks[task].State, _run.Tasks[task].ExitCode, _run.Tasks[task].SkippedBy));
        }

        private Run Restore(IEnumerable<int> tasks, Run? changed = null) =>
            new(_run.Id, _graph, tasks.Select(t => Copy(changed?.Tasks.GetValueOrDefault(t) ?? _run.Tasks[t])))
            {
                State = (changed ?? _run).State,
                Reason = (changed ?? _run).Reason,
                Message = (changed ?? _run).Message,
                Open = (changed ?? _run).Open,
                FirstFailed = (changed ?? _run).FirstFailed,
                FirstCancelled = (changed ?? _run).FirstCancelled,
                EventSeq = (changed ?? _run).EventSeq,
                StartedAt = (changed ?? _run).StartedAt,
                EndedAt = (changed ?? _run).EndedAt,
                CancelRequestedAt = (changed ?? _run).CancelRequestedAt,
                CancelMessage = (changed ?? _run).CancelMessage,
            };

        private static TaskExecution Copy(TaskExecution t) => new()
        {
            Task = t.Task,
            State = t.State,
            Reason = t.Reason,
            Message = t.Message,
            Attempt = t.Attempt,
            Fence = t.Fence,
            Worker = t.Worker,
            Backend = t.Backend,
            OpenParents = t.OpenParents,
            BlockedBy = t.BlockedBy,
            SkippedBy = t.SkippedBy,
            ExitCode = t.ExitCode,
            Scheduler = t.Scheduler,
            Node = t.Node,
            ImageDigest = t.ImageDigest,
            ReadyAt = t.ReadyAt,
            StartedAt = t.StartedAt,
            EndedAt = t.EndedAt,
            StopRequestedAt = t.StopRequestedAt,
            StopMessage = t.StopMessage,
        };

        private string Snapshot() =>
            $"{_run.State} {_run.Open} {string.Join(' ', _run.Tasks.Values.OrderBy(t => t.Task).Select(t => $"{t.State} {t.Fence} {t.OpenParents} {t.BlockedBy}"))}";

        private void CheckInvariants()
        {
            Assert.Equal(_run.Open, _run.Tasks.Values.Count(t => !t.State.IsFinal()));
            foreach (var task in _run.Tasks.Values.Where(t => t.State is TaskState.Ready or TaskState.Starting or TaskState.Running))
            {
                foreach (var parent in _graph.ParentsOf(task.Task).Where(p => p.Condition == ParentCondition.Success))
                {
                    Assert.Equal(TaskState.Succeeded, _run.Tasks[parent.Task].State);
                }
            }
        }

        private void Judge()
        {
            var tasks = _run.Tasks;
            Assert.True(_run.State.IsFinal());
            Assert.All(tasks.Values, t => Assert.True(t.State.IsFinal()));
            Assert.Equal(Run.OutcomeOf(tasks.Values.Select(t => (t.State, _graph.Tasks[t.Task].AllowFailure)), _cancelledRun), _run.State);
            Assert.Equal(Enumerable.Range(1, _story.Count), _story.Select(s => int.Parse(s.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture)));
            var ends = _story.Select(s => s.Split(':')).Where(p => p[1] is EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskCancelled or EventTypes.TaskSkipped);
            Assert.Equal(Enumerable.Range(0, _graph.Count), ends.Select(p => int.Parse(p[2], System.Globalization.CultureInfo.InvariantCulture)).Order()); // each once

            // The oracle: what every task must be, from its parents' states alone, whatever the order was.
            foreach (var task in tasks.Values)
            {
                var blocking = _graph.ParentsOf(task.Task).Where(p => !Satisfied(p.Condition, tasks[p.Task].State)).Select(p => p.Task).ToList();
                if (task.State == TaskState.Cancelled)
                {
                    Assert.True(_cancelledRun || _cancelledTasks.Contains(task.Task), "Cancelled, and nobody asked.");
                }
                else if (task.State == TaskState.Skipped)
                {
                    Assert.Equal(blocking.Min(), task.SkippedBy);
                    Assert.Equal(0, task.Fence);
                }
                else
                {
                    Assert.Empty(blocking);
                    Assert.True(task.Fence > 0, "It ended without having been claimed.");
                    if (task.Reason != Reasons.Lost) Assert.Equal(_outcomes[task.Task] == 0 ? TaskState.Succeeded : TaskState.Failed, task.State);
                }
            }
        }

        private static bool Satisfied(ParentCondition condition, TaskState state) => (condition, state) switch
        {
            (ParentCondition.Success, TaskState.Succeeded) => true,
            (ParentCondition.Failure, TaskState.Failed) => true,
            (ParentCondition.Any, TaskState.Succeeded or TaskState.Failed or TaskState.Skipped) => true,
            _ => false,
        };
    }
}
