using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Extensions;
using Gofer.Application.Notifications;
using Gofer.Application.Runs;
using Gofer.Application.SharedTasks;
using Gofer.Application.Triggers;
using Gofer.Domain.Access;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Notifications;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Gofer.Application.Common;

/// <summary>
/// The database as use cases see it. Configuration (namespaces, pipelines, heads, versions) is loaded, changed and saved here; the
/// history of runs is read here and written only through <see cref="IRunWriter"/> and the queue.
/// </summary>
public interface IGoferDb
{
    /// <summary>Namespaces, deleted ones among them.</summary>
    DbSet<Namespace> Namespaces { get; }

    /// <summary>Pipelines, deleted ones among them.</summary>
    DbSet<Pipeline> Pipelines { get; }

    /// <summary>One head per pipeline; take it by <see cref="LockHeadAsync"/> before changing it.</summary>
    DbSet<PipelineHead> Heads { get; }

    /// <summary>Registered documents.</summary>
    DbSet<PipelineVersion> Versions { get; }

    /// <summary>Runs, for reading.</summary>
    DbSet<RunRow> Runs { get; }

    /// <summary>Run numbers, for finding a run by pipeline and number.</summary>
    DbSet<RunNumberRow> RunNumbers { get; }

    /// <summary>Task executions, for reading.</summary>
    DbSet<TaskRow> Tasks { get; }

    /// <summary>Attempts that failed and were followed by another, for reading.</summary>
    DbSet<AttemptRow> Attempts { get; }

    /// <summary>Run events, for reading.</summary>
    DbSet<EventRow> Events { get; }

    /// <summary>Runs that have not ended, for reading.</summary>
    DbSet<ActiveRunRow> ActiveRuns { get; }

    /// <summary>Tokens that callers show.</summary>
    DbSet<Token> Tokens { get; }

    /// <summary>Roles that were made; the built-in ones are in no table.</summary>
    DbSet<Role> Roles { get; }

    /// <summary>The audit log: added to by <see cref="AuditTrail"/>, and never changed.</summary>
    DbSet<AuditEntry> Audit { get; }

    /// <summary>The part of the audit log that is sealed, for reading.</summary>
    DbSet<SealedEntry> SealedAudit { get; }

    /// <summary>Triggers of pipelines.</summary>
    DbSet<Trigger> Triggers { get; }

    /// <summary>The ledger of their events, for reading.</summary>
    DbSet<TriggerEventRow> TriggerEvents { get; }

    /// <summary>Backfills of triggers; take one by <see cref="LockBackfillAsync"/> before changing it.</summary>
    DbSet<Backfill> Backfills { get; }

    /// <summary>Extensions of the install.</summary>
    DbSet<Extension> Extensions { get; }

    /// <summary>What became of them, for reading.</summary>
    DbSet<ExtensionStatusRow> ExtensionStatuses { get; }

    /// <summary>What became of subscriptions to them, for reading.</summary>
    DbSet<SubscriptionRow> Subscriptions { get; }

    /// <summary>What they wrote, for reading.</summary>
    DbSet<ExtensionLogRow> ExtensionLogs { get; }

    /// <summary>Notifications of pipelines and namespaces.</summary>
    DbSet<Notification> Notifications { get; }

    /// <summary>The ledger of what is told.</summary>
    DbSet<DeliveryRow> Deliveries { get; }

    /// <summary>Shared tasks; take one by <see cref="TakeSharedTaskAsync"/> before adding a version.</summary>
    DbSet<SharedTask> SharedTasks { get; }

    /// <summary>Their versions.</summary>
    DbSet<SharedTaskVersion> SharedTaskVersions { get; }

    /// <summary>Starts a transaction; <see cref="SaveChangesAsync"/> without one is a transaction of its own.</summary>
    Task<IDbContextTransaction> BeginAsync(CancellationToken cancellationToken);

    /// <summary>Loads the head under a lock that creators of runs wait for; inside a transaction only.</summary>
    Task<PipelineHead?> LockHeadAsync(PipelineId pipeline, CancellationToken cancellationToken);

    /// <summary>
    /// Puts the concurrency limits of a document that becomes live in force, in the transaction that deploys it: those of its tasks, and those
    /// whose key it names without a parameter. What waits for a slot gets one with the next sweep.
    /// </summary>
    Task SetLimitsAsync(NamespaceId home, PipelineId pipeline, PipelineDocument document, CancellationToken cancellationToken);

    /// <summary>How many tasks of the install may be in the queue and running at a time; 0 sets no limit.</summary>
    Task<int> GetTaskLimitAsync(CancellationToken cancellationToken);

    /// <summary>Sets that.</summary>
    Task SetTaskLimitAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps a namespace from being deleted until the transaction ends; false where it was deleted. Holders do not wait for each other, nor
    /// do changes of the namespace wait for them.
    /// </summary>
    Task<bool> HoldNamespaceAsync(NamespaceId @namespace, CancellationToken cancellationToken);

    /// <summary>Loads a namespace under a lock that waits for all who hold it; null where it was deleted. Inside a transaction only.</summary>
    Task<Namespace?> LockNamespaceAsync(NamespaceId @namespace, CancellationToken cancellationToken);

    /// <summary>Takes the right to make the first token, in the transaction that makes it; false where somebody had it before.</summary>
    Task<bool> TakeBootstrapAsync(CancellationToken cancellationToken);

    /// <summary>Keeps roles from being deleted until the transaction ends, in which a token gets them.</summary>
    Task HoldRolesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken);

    /// <summary>Loads a role under a lock that waits for all who hold it; null where there is none. Inside a transaction only.</summary>
    Task<Role?> LockRoleAsync(string name, CancellationToken cancellationToken);

    /// <summary>The token of a run that has not ended and whose pipeline is still there; null for any other.</summary>
    Task<RunTokenRow?> FindRunTokenAsync(string id, CancellationToken cancellationToken);

    /// <summary>Notes that tokens were used, each with the time of it; a time that is older than what is noted changes nothing.</summary>
    Task NoteUsesAsync(IReadOnlyDictionary<string, DateTimeOffset> uses, CancellationToken cancellationToken);

    /// <summary>Keeps others from changing which pipeline follows which until the transaction ends, so that no two changes make a circle together.</summary>
    Task LockUpstreamsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Loads a backfill under a lock that waits for whoever makes events or runs of it, and for which they wait; null where there is none. Inside a transaction only.
    /// </summary>
    Task<Backfill?> LockBackfillAsync(BackfillId backfill, CancellationToken cancellationToken);

    /// <summary>Makes the row of what becomes of an extension, or says that there is something to do about it; inside a transaction only.</summary>
    Task TouchExtensionAsync(ExtensionId extension, string name, CancellationToken cancellationToken);

    /// <summary>
    /// The shared task of the name that <paramref name="wanted"/> has, which is made where there is none, under a lock that others who register versions and who
    /// deletes it wait for; who uses it does not. Inside a transaction only.
    /// </summary>
    Task<SharedTask> TakeSharedTaskAsync(SharedTask wanted, CancellationToken cancellationToken);

    /// <summary>Loads a shared task under a lock that waits for all who hold it; null where it was deleted. Inside a transaction only.</summary>
    Task<SharedTask?> LockSharedTaskAsync(SharedTaskId task, CancellationToken cancellationToken);

    /// <summary>What the uses of a pipeline in that namespace come to now, each kept from being deleted until the transaction ends; what comes to nothing is left out.</summary>
    Task<IReadOnlyDictionary<string, SharedTaskPin>> HoldSharedTasksAsync(NamespaceId home, IReadOnlyCollection<string> uses, CancellationToken cancellationToken);

    /// <summary>The newest version of each.</summary>
    Task<IReadOnlyList<SharedTaskVersion>> LatestVersionsAsync(IReadOnlyCollection<SharedTaskId> tasks, CancellationToken cancellationToken);

    /// <summary>The pipelines, as <c>namespace/pipeline</c>, whose live version uses the task, or an unfinished run of which does; at most so many.</summary>
    Task<IReadOnlyList<string>> SharedTaskUsersAsync(SharedTask task, int most, CancellationToken cancellationToken);

    /// <summary>Forgets what was loaded and not saved, so that a use case may start again after a lost race.</summary>
    void Forget();

    /// <summary>Writes what was changed.</summary>
    /// <exception cref="DbUpdateConcurrencyException">Another writer changed a row since it was loaded.</exception>
    Task<int> SaveChangesAsync(CancellationToken cancellationToken);
}
