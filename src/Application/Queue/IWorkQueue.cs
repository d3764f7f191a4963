using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;

namespace Gofer.Application.Queue;

/// <summary>
/// The worker's side of the engine. A worker holds one lease, renewed as a whole; every word it says about a task carries the fence
/// under which it claimed the task, and is refused once somebody else claimed it.
/// </summary>
public interface IWorkQueue
{
    /// <summary>Registers a worker under a new id with a lease from now.</summary>
    Task<WorkerId> RegisterAsync(string name, Backend backend, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// Extends a lease that has not run out, by one statement that also reads the database's clock and says what is due next; null where the
    /// lease has run out: the worker must forget all it holds and register anew.
    /// </summary>
    Task<Renewal?> RenewAsync(WorkerId worker, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// One transaction: takes in what happened to tasks that the worker holds, lets the runs decide what follows, and claims up to
    /// <paramref name="claimLimit"/> ready tasks that this back end may run.
    /// </summary>
    Task<Advance> AdvanceAsync(
        WorkerId worker, Backend backend, IReadOnlyList<TaskReport> reports, int claimLimit, CancellationToken cancellationToken);

    /// <summary>Which of the tasks that the worker holds were asked to stop.</summary>
    Task<IReadOnlyList<HeldTask>> StopsAsync(WorkerId worker, IReadOnlyCollection<HeldTask> held, CancellationToken cancellationToken);

    /// <summary>
    /// Puts tasks of workers whose lease ran out back into the queue, ends those whose back end nobody reached for
    /// <paramref name="lostAfter"/>, condemns what <paramref name="poisonLimit"/> dead workers had in common, and admits runs and tasks for
    /// which there is room. Any worker may call it at any time.
    /// </summary>
    Task<Swept> SweepAsync(TimeSpan lostAfter, int poisonLimit, CancellationToken cancellationToken);

    /// <summary>
    /// Starts the attempts whose time has come and stops the runs whose timeout is over. Any worker may call it at any time; answers how many
    /// that were, and how long it is until the next, null where nothing waits for a time.
    /// </summary>
    Task<(int Fired, TimeSpan? Next)> FireTimersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Puts back what the worker holds by the table but does not know of: claims whose answer was lost with the connection. To be called
    /// after an <see cref="AdvanceAsync"/> that threw; answers how many.
    /// </summary>
    Task<int> ReconcileAsync(WorkerId worker, IReadOnlyCollection<HeldTask> known, CancellationToken cancellationToken);

    /// <summary>Puts back everything that the worker holds and ends its lease; containers are left alone.</summary>
    Task HandOverAsync(WorkerId worker, CancellationToken cancellationToken);
}

/// <summary>What a sweep did.</summary>
/// <param name="Moved">How many tasks and runs it moved on.</param>
/// <param name="LeavesDead">Whether there still is a worker whose lease ran out: another transaction holds its row, mostly for milliseconds.</param>
public readonly record struct Swept(int Moved, bool LeavesDead);

/// <summary>What a renewed lease brings with it: what a worker that has nothing else to do would have to ask for.</summary>
/// <param name="NextLeaseEnd">How long it is until another worker's lease ends unless that renews it; null where there is no other.</param>
/// <param name="NextTimer">How long it is until something waits for a time no more; null where nothing does.</param>
/// <param name="IsReady">Whether tasks wait in the queue.</param>
/// <param name="WantsSweep">Whether there is anything that a sweep sees to beside the leases.</param>
/// <param name="NextTrigger">
/// How long it is until a trigger is due, nothing where events of triggers are open or backfills have not ended; null where there is none of these.
/// </param>
public sealed record Renewal(TimeSpan? NextLeaseEnd, TimeSpan? NextTimer, bool IsReady, bool WantsSweep, TimeSpan? NextTrigger)
{
    /// <summary>Whether anybody is to be told anything: of how runs end, or of one that has.</summary>
    public bool WantsNotifications { get; init; }

    /// <summary>Whether an extension is to be run, or to be ended, and nobody sees to it.</summary>
    public bool WantsExtensions { get; init; }
}

/// <summary>A task that a worker holds, with the fence that gives the right to speak of it.</summary>
public readonly record struct HeldTask(RunId Run, int Task, long Fence);

/// <summary>What happened to a task that the worker holds.</summary>
public abstract record TaskReport(HeldTask Held)
{
    /// <summary>Tells the run; false where <paramref name="worker"/> lost the right to say so, or where it changes nothing any more.</summary>
    public abstract bool ApplyTo(Run run, WorkerId worker, DateTimeOffset now);

    /// <summary>What it waits for while starting.</summary>
    public sealed record Progress(HeldTask Held, string Message) : TaskReport(Held)
    {
        /// <inheritdoc/>
        public override bool ApplyTo(Run run, WorkerId worker, DateTimeOffset now) => run.Progress(Held.Task, worker, Held.Fence, Message);
    }

    /// <summary>Its container runs.</summary>
    public sealed record Started(HeldTask Held, DateTimeOffset StartedAt, string? ImageDigest) : TaskReport(Held)
    {
        /// <inheritdoc/>
        public override bool ApplyTo(Run run, WorkerId worker, DateTimeOffset now) => run.Start(Held.Task, worker, Held.Fence, StartedAt, ImageDigest, now);
    }

    /// <summary>Its attempt is over, and its output stored but for <see cref="Tail"/>.</summary>
    public sealed record Ended(HeldTask Held, TaskOutcome Outcome) : TaskReport(Held)
    {
        /// <summary>The last chunks of the attempt's output, stored with the end or not at all; few bytes, for runs are locked meanwhile.</summary>
        public IReadOnlyList<LogChunk> Tail { get; init; } = [];

        /// <summary>Tasks that the end may release, so that they are read along; a hint.</summary>
        public IReadOnlyList<int> Children { get; init; } = [];

        /// <inheritdoc/>
        public override bool ApplyTo(Run run, WorkerId worker, DateTimeOffset now) => run.Complete(Held.Task, worker, Held.Fence, Outcome, now);
    }
}

/// <summary>What an <see cref="IWorkQueue.AdvanceAsync"/> came to.</summary>
/// <param name="Claims">Tasks that the worker holds from now on.</param>
/// <param name="Refused">
/// Reported tasks that the worker does not hold, each once; true where the task has ended, so that a container of it is nobody's. A report that
/// came twice or too late about a task that the worker does hold is not among them.
/// </param>
/// <param name="CameUpShort">Fewer tasks were ready than asked for.</param>
public sealed record Advance(IReadOnlyList<ClaimedTask> Claims, IReadOnlyDictionary<HeldTask, bool> Refused, bool CameUpShort);

/// <summary>A task to run, with all that a container of it needs.</summary>
public sealed record ClaimedTask
{
    /// <summary>The task with its fence.</summary>
    public required HeldTask Held { get; init; }

    /// <summary>The attempt that this is.</summary>
    public required int Attempt { get; init; }

    /// <summary>An earlier holder saw the attempt's container run: if it is not there now it is lost, and must not be started anew.</summary>
    public required bool WasStarted { get; init; }

    /// <summary>A stop was asked for before the claim.</summary>
    public required bool StopRequested { get; init; }

    /// <summary>The namespace's name.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The run's number.</summary>
    public required long RunNumber { get; init; }

    /// <summary>The version that the run has.</summary>
    public required int Version { get; init; }

    /// <summary>Variables of the run, which win over the task's.</summary>
    public required IReadOnlyDictionary<string, string> RunVariables { get; init; }

    /// <summary>The run's parameters.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>The values of the matrix instance; null where the task has no matrix.</summary>
    public required IReadOnlyDictionary<string, string>? Matrix { get; init; }

    /// <summary>Tasks of the graph that wait for this one.</summary>
    public required IReadOnlyList<int> Children { get; init; }

    /// <summary>The id that people see, an instance's own.</summary>
    public required string TaskId { get; init; }

    /// <summary>The task as the document has it, with the container of the shared task that it uses.</summary>
    public required TaskDefinition Definition { get; init; }

    /// <summary>The shared task that it uses; null for a container of its own.</summary>
    public ClaimedSharedTask? Shared { get; init; }

    /// <summary>
    /// The secrets and objects that values of the task stand for, each once, and the token that it asks for; what a variable of the run hides is not
    /// needed.
    /// </summary>
    public IReadOnlyList<(string Kind, string Key)> References() =>
    [
        .. Definition.Variables.Where(v => !RunVariables.ContainsKey(v.Key)).Select(v => v.Value)
            .Concat(Definition.RegistryAuth is { } login ? [login.User, login.Pass] : [])
            .Concat(Shared?.Definition.Call?.Token is { } token ? [token] : [])
            .Select(Interpolation.Parse).Concat(Shared?.Inputs.Values.Select(i => i.Reference) ?? []).Where(r => r is { } found && found.Kind != Interpolation.Param).Select(r => r!.Value).Distinct(),
        .. Definition.InjectApiToken ? [(Interpolation.RunToken, "")] : Array.Empty<(string, string)>(),
    ];
}

/// <summary>The version of a shared task that the run has, with what it gets: what is wrong with that was said when the run was created.</summary>
public sealed record ClaimedSharedTask(SharedTaskDefinition Definition, IReadOnlyDictionary<string, InputValue> Inputs);

/// <summary>The worker's lease ran out: nothing that it says is heard any more, and what it holds is being given to others.</summary>
public sealed class LeaseLostException() : Exception("The worker's lease ran out.");

#if SABOTAGE_CHILDREN
/// <summary>Lets the queue hand claims over before they are committed, which must never be.</summary>
public static class EarlyStarts
{
    /// <summary>Who takes them.</summary>
    public static AsyncLocal<Action<ClaimedTask>?> Taken { get; } = new();
}
#endif
