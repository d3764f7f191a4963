using System.Runtime.CompilerServices;
using Gofer.Application.Common;
using Gofer.Application.Events;
using Gofer.Domain.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Runs;

/// <summary>One thing that a follower of a run is told: the run or a task as it is after the event of that number.</summary>
public readonly record struct RunChange(int Seq, RunView? Run, TaskView? Task);

/// <summary>
/// Follows a run by its events, which have one order and no gaps: whoever goes on after the last number misses none. Holds no
/// connection while it waits.
/// </summary>
public sealed class RunFollower(IServiceScopeFactory scopes, IChanges changes)
{
    /// <summary>How long a lost wake-up can delay a follower.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private const int Step = 500;

    /// <summary>Events after <paramref name="after"/>, in order, until the run has ended and all were given.</summary>
    public async IAsyncEnumerable<EventView> EventsAsync(RunScope scope, int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (events, _) in ReadAsync(scope, after, cancellationToken))
        {
            foreach (var e in events) yield return e.View(scope);
        }
    }

    /// <summary>The run and its tasks as they change after event <paramref name="after"/>, until the run has ended.</summary>
    public async IAsyncEnumerable<RunChange> ChangesAsync(RunScope scope, int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (events, db) in ReadAsync(scope, after, cancellationToken))
        {
            var touched = events.Where(e => e.Task is not null).Select(e => e.Task!.Value).Distinct().ToList();
            var run = await RunAsync(db, scope, cancellationToken);
            var tasks = await db.TasksAsync(scope, run.State, touched, cancellationToken);
            var last = events[^1].Seq;
            // A task is shown once for all events of the step, as it is now; the resume point stays before the step until its end.
            foreach (var task in tasks) yield return new RunChange(events[0].Seq - 1, null, task);
            yield return new RunChange(last, run.View(scope.Path.Namespace.Name, scope.Path.Pipeline), null);
        }
    }

    /// <summary>The run as it is now.</summary>
    public async Task<RunRow> RunAsync(RunScope scope, CancellationToken cancellationToken)
    {
        await using var services = scopes.CreateAsyncScope();
        return await RunAsync(services.ServiceProvider.GetRequiredService<IGoferDb>(), scope, cancellationToken);
    }

    private async IAsyncEnumerable<(List<EventRow> Events, IGoferDb Db)> ReadAsync(
        RunScope scope, int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var mark = changes.Mark;
            bool ended, full;
            await using (var services = scopes.CreateAsyncScope())
            {
                var db = services.ServiceProvider.GetRequiredService<IGoferDb>();
                // Read before the events: what ended the run is then among them.
                ended = (await RunAsync(db, scope, cancellationToken)).State.IsFinal();
                var from = after;
                var events = await db.Events.AsNoTracking().Where(e => e.RunId == scope.Run.Id && e.LastSeq > from && e.Seq > from)
                    .OrderBy(e => e.Seq).Take(Step).ToListAsync(cancellationToken);
                full = events.Count == Step;
                if (events.Count > 0)
                {
                    after = events[^1].Seq;
                    yield return (events, db);
                }
            }

            if (full) continue;
            if (ended) yield break;
            await changes.WaitAsync(mark, Poll, cancellationToken);
        }
    }

    private static Task<RunRow> RunAsync(IGoferDb db, RunScope scope, CancellationToken cancellationToken) =>
        db.Runs.AsNoTracking().SingleAsync(r => r.Id == scope.Run.Id, cancellationToken);
}
