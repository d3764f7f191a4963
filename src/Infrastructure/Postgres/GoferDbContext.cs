using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
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
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// The EF Core model: configuration tables, which it owns, and the partitioned history tables, which it only reads (their DDL is SQL in
/// the migrations, their writer is the engine).
/// </summary>
public sealed class GoferDbContext(DbContextOptions<GoferDbContext> options) : DbContext(options), IGoferDb
{
    /// <summary>The one schema that everything of Gofer lives in.</summary>
    public const string Schema = "gofer";

    /// <inheritdoc/>
    public DbSet<Namespace> Namespaces => Set<Namespace>();

    /// <inheritdoc/>
    public DbSet<Pipeline> Pipelines => Set<Pipeline>();

    /// <inheritdoc/>
    public DbSet<PipelineHead> Heads => Set<PipelineHead>();

    /// <inheritdoc/>
    public DbSet<PipelineVersion> Versions => Set<PipelineVersion>();

    /// <inheritdoc/>
    public DbSet<RunRow> Runs => Set<RunRow>();

    /// <inheritdoc/>
    public DbSet<RunNumberRow> RunNumbers => Set<RunNumberRow>();

    /// <inheritdoc/>
    public DbSet<TaskRow> Tasks => Set<TaskRow>();

    /// <inheritdoc/>
    public DbSet<AttemptRow> Attempts => Set<AttemptRow>();

    /// <inheritdoc/>
    public DbSet<EventRow> Events => Set<EventRow>();

    /// <inheritdoc/>
    public DbSet<ActiveRunRow> ActiveRuns => Set<ActiveRunRow>();

    /// <inheritdoc/>
    public DbSet<Token> Tokens => Set<Token>();

    /// <inheritdoc/>
    public DbSet<Role> Roles => Set<Role>();

    /// <inheritdoc/>
    public DbSet<AuditEntry> Audit => Set<AuditEntry>();

    /// <inheritdoc/>
    public DbSet<SealedEntry> SealedAudit => Set<SealedEntry>();

    /// <inheritdoc/>
    public DbSet<Trigger> Triggers => Set<Trigger>();

    /// <inheritdoc/>
    public DbSet<TriggerEventRow> TriggerEvents => Set<TriggerEventRow>();

    /// <inheritdoc/>
    public DbSet<Backfill> Backfills => Set<Backfill>();

    /// <inheritdoc/>
    public DbSet<Extension> Extensions => Set<Extension>();

    /// <inheritdoc/>
    public DbSet<ExtensionStatusRow> ExtensionStatuses => Set<ExtensionStatusRow>();

    /// <inheritdoc/>
    public DbSet<SubscriptionRow> Subscriptions => Set<SubscriptionRow>();

    /// <inheritdoc/>
    public DbSet<ExtensionLogRow> ExtensionLogs => Set<ExtensionLogRow>();

    /// <inheritdoc/>
    public DbSet<Notification> Notifications => Set<Notification>();

    /// <inheritdoc/>
    public DbSet<DeliveryRow> Deliveries => Set<DeliveryRow>();

    /// <inheritdoc/>
    public DbSet<SharedTask> SharedTasks => Set<SharedTask>();

    /// <inheritdoc/>
    public DbSet<SharedTaskVersion> SharedTaskVersions => Set<SharedTaskVersion>();

    /// <inheritdoc/>
    public Task<IDbContextTransaction> BeginAsync(CancellationToken cancellationToken) => Database.BeginTransactionAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<PipelineHead?> LockHeadAsync(PipelineId pipeline, CancellationToken cancellationToken) =>
        Heads.FromSql($"select *, xmin from gofer.pipeline_heads where pipeline_id = {pipeline.Value} for no key update")
            .AsTracking().SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task SetLimitsAsync(NamespaceId home, PipelineId pipeline, PipelineDocument document, CancellationToken cancellationToken)
    {
        var limited = document.Tasks.Where(t => t.Concurrency is not null).ToList();
        if (limited.Count == 0) return;
        var (tasks, keys, numbers) = (limited.Select(t => t.Id).ToArray(), limited.Select(t => t.Concurrency!.Key).ToArray(), limited.Select(t => t.Concurrency!.Limit).ToArray());
        var patterns = limited.Select(t => PatternOf(t.Concurrency!.Key)).ToArray();
        // Locked in the order of their ids, as the engine does. A key that the task had before is not its own any more.
        await Database.ExecuteSqlAsync(
            $"""
            update gofer.limits l set number = m.number from (
                select l.id, u.number from gofer.limits l, unnest({tasks}, {keys}, {patterns}, {numbers}) as u (task, key, pattern, number)
                where l.kind = 'concurrency' and l.namespace_id = {home.Value} and l.number <> u.number
                    and (l.key = u.key or (l.pipeline_id = {pipeline.Value} and l.task = u.task and l.key like u.pattern))
                order by l.id for no key update of l) as m
            where l.id = m.id
            """,
            cancellationToken);
    }

    /// <summary>What keys look like that are made of this one, for <c>like</c>.</summary>
    private static string PatternOf(string key) => string.Concat(Interpolation.Split(key).Select(part => part.Kind is null
        ? part.Text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)
        : "%"));

    /// <inheritdoc/>
    public Task<int> GetTaskLimitAsync(CancellationToken cancellationToken) =>
        Database.SqlQuery<int>($"select task_limit as \"Value\" from gofer.install").SingleAsync(cancellationToken);

    /// <inheritdoc/>
    public Task SetTaskLimitAsync(int limit, CancellationToken cancellationToken) =>
        Database.ExecuteSqlAsync($"update gofer.install set task_limit = {limit}", cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> HoldNamespaceAsync(NamespaceId @namespace, CancellationToken cancellationToken) =>
        await Namespaces.FromSql($"select *, xmin from gofer.namespaces where id = {@namespace.Value} and deleted_at is null for key share")
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken) is not null;

    /// <inheritdoc/>
    public Task<Namespace?> LockNamespaceAsync(NamespaceId @namespace, CancellationToken cancellationToken) =>
        Namespaces.FromSql($"select *, xmin from gofer.namespaces where id = {@namespace.Value} and deleted_at is null for update")
            .AsTracking().SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> TakeBootstrapAsync(CancellationToken cancellationToken) =>
        await Database.ExecuteSqlAsync($"update gofer.install set bootstrapped_at = now() where bootstrapped_at is null", cancellationToken) == 1;

    /// <inheritdoc/>
    public async Task HoldRolesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var wanted = names.ToArray();
        await Roles.FromSql($"select * from gofer.roles where name = any({wanted}) order by name for key share").AsNoTracking().ToListAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Role?> LockRoleAsync(string name, CancellationToken cancellationToken) =>
        Roles.FromSql($"select * from gofer.roles where name = {name} for update").AsTracking().SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<RunTokenRow?> FindRunTokenAsync(string id, CancellationToken cancellationToken) => Database.SqlQuery<RunTokenRow>(
        $"""
        select t.hash, n.name as namespace, p.name as pipeline, r.number as run from gofer.run_tokens t
        join gofer.active_runs a on a.run_id = t.run_id join gofer.runs r on r.id = t.run_id
        join gofer.pipelines p on p.id = r.pipeline_id join gofer.namespaces n on n.id = r.namespace_id
        where t.id = {id} and p.deleted_at is null and n.deleted_at is null
        """).SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public Task NoteUsesAsync(IReadOnlyDictionary<string, DateTimeOffset> uses, CancellationToken cancellationToken)
    {
        var (ids, times) = (uses.Keys.ToArray(), uses.Values.Select(t => t.UtcDateTime).ToArray());
        // Locked in the order of their ids: another process may note the same ones.
        return Database.ExecuteSqlAsync(
            $"""
            update gofer.tokens t set last_used_at = m.at from (
                select t.id, u.at from gofer.tokens t, unnest({ids}, {times}) as u (id, at)
                where t.id = u.id and (t.last_used_at is null or t.last_used_at < u.at) order by t.id for no key update of t) as m
            where t.id = m.id
            """,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task LockUpstreamsAsync(CancellationToken cancellationToken) =>
        Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtext('gofer.upstreams'))", cancellationToken);

    /// <inheritdoc/>
    public Task<Backfill?> LockBackfillAsync(BackfillId backfill, CancellationToken cancellationToken) =>
        Backfills.FromSql($"select * from gofer.backfills where id = {backfill.Value} for no key update").AsTracking().SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public Task TouchExtensionAsync(ExtensionId extension, string name, CancellationToken cancellationToken) =>
        Database.ExecuteSqlAsync($"insert into gofer.extension_statuses (extension_id, name) values ({extension.Value}, {name}) on conflict do nothing", cancellationToken);

    /// <inheritdoc/>
    public async Task<SharedTask> TakeSharedTaskAsync(SharedTask wanted, CancellationToken cancellationToken)
    {
        var (id, home, name, at) = (wanted.Id.Value, wanted.NamespaceId?.Value, wanted.Name, wanted.CreatedAt.UtcDateTime);
        // Who deletes it between the two statements is gone by the next turn.
        while (true)
        {
            await Database.ExecuteSqlAsync(
                $"insert into gofer.shared_tasks (id, namespace_id, name, created_at, modified_at) values ({id}, {home}, {name}, {at}, {at}) on conflict do nothing", cancellationToken);
            var taken = await SharedTasks.FromSql($"select * from gofer.shared_tasks where namespace_id is not distinct from {home} and name = {name} for no key update")
                .AsTracking().SingleOrDefaultAsync(cancellationToken);
            if (taken is not null) return taken;
        }
    }

    /// <inheritdoc/>
    public Task<SharedTask?> LockSharedTaskAsync(SharedTaskId task, CancellationToken cancellationToken) =>
        SharedTasks.FromSql($"select * from gofer.shared_tasks where id = {task.Value} for update").AsTracking().SingleOrDefaultAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, SharedTaskPin>> HoldSharedTasksAsync(
        NamespaceId home, IReadOnlyCollection<string> uses, CancellationToken cancellationToken) =>
        await SharedTaskRows.ResolveAsync(
            (NpgsqlConnection)Database.GetDbConnection(), (NpgsqlTransaction?)Database.CurrentTransaction?.GetDbTransaction(), home, uses, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SharedTaskVersion>> LatestVersionsAsync(IReadOnlyCollection<SharedTaskId> tasks, CancellationToken cancellationToken)
    {
        if (tasks.Count == 0) return [];
        var ids = tasks.Select(t => t.Value).ToArray();
        return await SharedTaskVersions.FromSql(
            $"select distinct on (task_id) * from gofer.shared_task_versions where task_id = any({ids}) order by task_id, major desc, minor desc, patch desc")
            .AsNoTracking().ToListAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> SharedTaskUsersAsync(SharedTask task, int most, CancellationToken cancellationToken)
    {
        var (id, home, name) = (task.Id.Value, task.NamespaceId?.Value, task.Name);
        // A pipeline whose namespace has a fitting one of its own does not use the global one.
        return await Database.SqlQuery<string>(
            $"""
            select distinct n.name || '/' || p.name as "Value" from (
                select h.pipeline_id from gofer.pipeline_heads h
                join gofer.pipelines p on p.id = h.pipeline_id and p.deleted_at is null
                join gofer.pipeline_versions v on v.pipeline_id = h.pipeline_id and v.version = h.live_version
                cross join lateral json_array_elements(v.document -> 'tasks') t
                cross join lateral (select split_part(t ->> 'uses', '@', 1) as name, string_to_array(split_part(t ->> 'uses', '@', 2), '.') as version) u
                where u.name = {name} and case when {home}::uuid is not null then p.namespace_id = {home}::uuid else not exists (
                    select from gofer.shared_tasks s join gofer.shared_task_versions x on x.task_id = s.id
                    where s.namespace_id = p.namespace_id and s.name = u.name and x.major::text = u.version[1] and (u.version[2] is null or x.minor::text = u.version[2])) end
                union all
                select a.pipeline_id from gofer.active_runs a join gofer.runs r on r.id = a.run_id
                cross join lateral jsonb_each(r.shared_tasks) e join gofer.shared_task_versions v on v.id = (e.value ->> 'Id')::uuid
                where v.task_id = {id}) used
            join gofer.pipelines p on p.id = used.pipeline_id join gofer.namespaces n on n.id = p.namespace_id and n.deleted_at is null
            order by 1 limit {most}
            """).ToListAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Forget() => ChangeTracker.Clear();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(GoferDbContext).Assembly);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<NamespaceId>().HaveConversion<IdConverter<NamespaceId>>();
        configurationBuilder.Properties<PipelineId>().HaveConversion<IdConverter<PipelineId>>();
        configurationBuilder.Properties<TriggerId>().HaveConversion<IdConverter<TriggerId>>();
        configurationBuilder.Properties<ExtensionId>().HaveConversion<IdConverter<ExtensionId>>();
        configurationBuilder.Properties<ExtensionState>().HaveConversion<StateConverter<ExtensionState>>();
        configurationBuilder.Properties<SubscriptionState>().HaveConversion<StateConverter<SubscriptionState>>();
        configurationBuilder.Properties<BackfillId>().HaveConversion<IdConverter<BackfillId>>();
        configurationBuilder.Properties<BackfillState>().HaveConversion<StateConverter<BackfillState>>();
        configurationBuilder.Properties<TriggerType>().HaveConversion<StateConverter<TriggerType>>();
        configurationBuilder.Properties<TriggerSource>().HaveConversion<StateConverter<TriggerSource>>();
        configurationBuilder.Properties<OverlapPolicy>().HaveConversion<StateConverter<OverlapPolicy>>();
        configurationBuilder.Properties<NotificationId>().HaveConversion<IdConverter<NotificationId>>();
        configurationBuilder.Properties<NotificationSource>().HaveConversion<StateConverter<NotificationSource>>();
        configurationBuilder.Properties<SharedTaskId>().HaveConversion<IdConverter<SharedTaskId>>();
        configurationBuilder.Properties<SharedTaskVersionId>().HaveConversion<IdConverter<SharedTaskVersionId>>();
        configurationBuilder.Properties<Dictionary<string, SharedTaskPin>>().HaveConversion<SharedTaskMapConverter, SharedTaskMapComparer>().HaveColumnType("jsonb");
        configurationBuilder.Properties<RunId>().HaveConversion<IdConverter<RunId>>();
        configurationBuilder.Properties<LimitPolicy>().HaveConversion<StateConverter<LimitPolicy>>();
        configurationBuilder.Properties<WaitingFor>().HaveConversion<StateConverter<WaitingFor>>();
        configurationBuilder.Properties<AuditOutcome>().HaveConversion<StateConverter<AuditOutcome>>();
        configurationBuilder.Properties<RunState>().HaveConversion<StateConverter<RunState>>();
        configurationBuilder.Properties<TaskState>().HaveConversion<StateConverter<TaskState>>();
        configurationBuilder.Properties<Dictionary<string, System.Text.Json.JsonElement>>().HaveConversion<JsonMapConverter, JsonMapComparer>().HaveColumnType("jsonb");
        configurationBuilder.Properties<Dictionary<string, string>>().HaveConversion<TextMapConverter, TextMapComparer>().HaveColumnType("jsonb");
    }
}
